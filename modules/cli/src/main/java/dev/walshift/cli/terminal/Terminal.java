package dev.walshift.cli.terminal;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.ProcessBuilder.Redirect;
import java.util.OptionalInt;
import java.util.Scanner;

/**
 * Where results (standard output) and everything else (standard error) go, UTF-8 both.
 *
 * <p>On a terminal a status of a few lines can be rewritten in place; it is taken away before anything else is written. Any
 * thread.
 */
public final class Terminal {
    private static final int USUAL_WIDTH = 80;
    private static final String CLEAR_LINE = "\r\u001b[K";
    private static final String LINE_UP = "\u001b[A";

    private final PrintStream rawErr;
    private final OptionalInt width;
    private final PrintStream out;
    private final PrintStream err;
    private int statusLines;

    /**
     * @param width columns of the terminal behind {@code err}; empty if it is none
     */
    public Terminal(OutputStream out, OutputStream err, OptionalInt width) {
        this.rawErr = new PrintStream(err, true, UTF_8);
        this.width = width;
        this.out = new PrintStream(new AfterStatus(out), true, UTF_8);
        this.err = new PrintStream(new AfterStatus(err), true, UTF_8);
    }

    public static Terminal ofThisProcess() {
        return new Terminal(
                new FileOutputStream(FileDescriptor.out), new FileOutputStream(FileDescriptor.err), probeWidth());
    }

    public PrintStream out() {
        return out;
    }

    public PrintStream err() {
        return err;
    }

    /** Whether {@link #showStatus} shows anything. */
    public boolean isInteractive() {
        return width.isPresent();
    }

    /** Puts {@code lines} in the place of the last status, each cut to the terminal's width. */
    public synchronized void showStatus(String... lines) {
        if (width.isEmpty()) {
            return;
        }
        StringBuilder status = new StringBuilder(takeAway());
        for (int i = 0; i < lines.length; i++) {
            // One column is left free: a full line would move some terminals to the next.
            int length = Math.min(lines[i].length(), width.getAsInt() - 1);
            status.append(i == 0 ? "" : "\n").append(lines[i], 0, length);
        }
        statusLines = lines.length;
        rawErr.print(status);
        rawErr.flush();
    }

    public synchronized void clearStatus() {
        if (statusLines > 0) {
            rawErr.print(takeAway());
            rawErr.flush();
            statusLines = 0;
        }
    }

    private String takeAway() {
        return statusLines == 0 ? "" : CLEAR_LINE + (LINE_UP + CLEAR_LINE).repeat(statusLines - 1);
    }

    /** The JVM can't tell whether standard error alone is a terminal; a shell can. */
    private static OptionalInt probeWidth() {
        if ("dumb".equals(System.getenv("TERM"))) {
            return OptionalInt.empty();
        }
        try {
            Process probe = new ProcessBuilder("/bin/sh", "-c", "test -t 2 && { stty size <&2 || true; } 2>/dev/null")
                    .redirectInput(Redirect.INHERIT)
                    .redirectError(Redirect.INHERIT)
                    .start();
            try (Scanner size = new Scanner(probe.getInputStream(), UTF_8)) {
                int columns = size.hasNextInt() && size.nextInt() >= 0 && size.hasNextInt() ? size.nextInt() : 0;
                return probe.waitFor() == 0 ? OptionalInt.of(columns > 0 ? columns : USUAL_WIDTH) : OptionalInt.empty();
            }
        } catch (IOException e) {
            return OptionalInt.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return OptionalInt.empty();
        }
    }

    /** Takes the status line away before it lets anything pass. */
    private final class AfterStatus extends OutputStream {
        private final OutputStream target;

        AfterStatus(OutputStream target) {
            this.target = target;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            synchronized (Terminal.this) {
                clearStatus();
                target.write(bytes, from, length);
            }
        }

        @Override
        public void flush() throws IOException {
            target.flush();
        }
    }
}
