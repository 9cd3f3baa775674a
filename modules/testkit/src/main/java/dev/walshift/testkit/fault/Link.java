package dev.walshift.testkit.fault;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One client's connection through a {@link FaultProxy}: a thread for each direction. */
final class Link {
    private static final Pattern SET_APPLICATION = Pattern.compile("SET application_name =\\s*E?'([^']*)'");
    private static final int BUFFER_BYTES = 1 << 16;
    private static final int CANCEL_REQUEST = 80877102;
    /** Requests for encryption, which the server answers by one byte; the startup message follows. */
    private static final List<Integer> ENCRYPTION_REQUESTS = List.of(80877103, 80877104);

    private final FaultProxy proxy;
    private final Socket client;
    private final Socket server = new Socket();
    private String application = "";
    private volatile boolean answerIsCut;

    Link(FaultProxy proxy, Socket client) {
        this.proxy = proxy;
        this.client = client;
    }

    /** Starts both threads, which end when the connection does. */
    void start(InetSocketAddress target) {
        Thread.ofVirtual().name("fault proxy, to the server").start(() -> {
            try {
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                server.connect(target);
                Thread.ofVirtual().name("fault proxy, to the client").start(this::answer);
                ask();
            } catch (IOException e) {
                end();
            }
        });
    }

    /** Both sides get a TCP reset, and nothing of what is still on the way. */
    void reset() {
        close(client, true);
        close(server, true);
        proxy.ended(this);
    }

    /** One side has ended: so does the other, unless nobody hears of it. */
    private void end() {
        if (!proxy.isSilent()) {
            close(client, false);
            close(server, false);
            proxy.ended(this);
        }
    }

    private static void close(Socket socket, boolean reset) {
        try (socket) {
            if (reset && !socket.isClosed()) {
                socket.setSoLinger(true, 0);
            }
        } catch (IOException e) {
            // It is closed all the same, which was asked for.
        }
    }

    private void ask() throws IOException {
        DataInputStream in = new DataInputStream(new BufferedInputStream(client.getInputStream(), BUFFER_BYTES));
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(server.getOutputStream(), BUFFER_BYTES));
        passStartup(in, out);
        while (true) {
            char type = (char) in.readUnsignedByte();
            byte[] body = body(in);
            ClientMessage message = new ClientMessage(application, type, sql(type, body));
            noteApplication(message.sql());
            Verdict verdict = proxy.verdict(message);
            if (verdict == Verdict.CUT) {
                reset();
                return;
            }
            answerIsCut |= verdict == Verdict.CUT_ANSWER;
            if (!proxy.isSilent()) {
                out.writeByte(type);
                write(out, body);
                if (in.available() == 0) {
                    out.flush();
                }
            }
        }
    }

    private void passStartup(DataInputStream in, DataOutputStream out) throws IOException {
        int code;
        do {
            byte[] body = body(in);
            code = ByteBuffer.wrap(body).getInt();
            if (!proxy.isSilent()) {
                write(out, body);
                out.flush();
            }
        } while (ENCRYPTION_REQUESTS.contains(code));
        if (code == CANCEL_REQUEST) {
            throw new EOFException("a cancel request is all that comes on its connection");
        }
    }

    private static byte[] body(DataInputStream in) throws IOException {
        byte[] body = new byte[in.readInt() - Integer.BYTES];
        in.readFully(body);
        return body;
    }

    private static void write(DataOutputStream out, byte[] body) throws IOException {
        out.writeInt(body.length + Integer.BYTES);
        out.write(body);
    }

    private static String sql(char type, byte[] body) {
        String[] texts = type == ClientMessage.QUERY || type == ClientMessage.PARSE
                ? new String(body, UTF_8).split("\0", 3)
                : new String[] {""};
        // A Parse begins with the prepared statement's name.
        return texts[type == ClientMessage.PARSE ? 1 : 0];
    }

    private void noteApplication(String sql) {
        Matcher matcher = SET_APPLICATION.matcher(sql);
        if (matcher.find()) {
            application = matcher.group(1);
        }
    }

    private void answer() {
        byte[] bytes = new byte[BUFFER_BYTES];
        try {
            InputStream in = server.getInputStream();
            OutputStream out = client.getOutputStream();
            for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
                if (answerIsCut) {
                    reset();
                    return;
                }
                if (!proxy.isSilent()) {
                    out.write(bytes, 0, count);
                }
            }
        } catch (IOException e) {
            // The other side has ended it, or the proxy.
        }
        end();
    }
}
