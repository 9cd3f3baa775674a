package dev.walshift.benchmark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What Linux counts for a process (proc(5)). */
final class ProcFs {
    /** USER_HZ, which is 100 wherever Java runs. */
    private static final double TICKS_PER_SECOND = 100;

    private static final int USER_TIME = 11;
    private static final int SYSTEM_TIME = 12;
    private static final int CHILDREN_USER_TIME = 13;
    private static final int CHILDREN_SYSTEM_TIME = 14;
    private static final Pattern PEAK = Pattern.compile("VmHWM:\\s+(\\d+) kB");

    private ProcFs() {}

    /** CPU seconds of a process and of all below it, those that ended among them. */
    static double cpuOfTree(long pid) {
        Optional<ProcessHandle> process = ProcessHandle.of(pid);
        while (true) {
            double ended = endedChildren(pid);
            double seconds = own(pid) + ended;
            for (ProcessHandle below :
                    process.stream().flatMap(ProcessHandle::descendants).toList()) {
                seconds += own(below.pid()) + endedChildren(below.pid());
            }
            // One that ended meanwhile would be missing in both, or count twice.
            if (endedChildren(pid) == ended) {
                return seconds;
            }
        }
    }

    private static double own(long pid) {
        return seconds(pid, USER_TIME, SYSTEM_TIME);
    }

    /** CPU seconds of children that the process has waited for. */
    static double endedChildren(long pid) {
        return seconds(pid, CHILDREN_USER_TIME, CHILDREN_SYSTEM_TIME);
    }

    /** 0 for a process that is gone. */
    private static double seconds(long pid, int first, int second) {
        Optional<String> stat = read(pid, "stat");
        if (stat.isEmpty()) {
            return 0;
        }
        // The program's name stands in parentheses and may hold blanks.
        List<String> fields = List.of(
                stat.get().substring(stat.get().lastIndexOf(')') + 2).strip().split(" "));
        return (Long.parseLong(fields.get(first)) + Long.parseLong(fields.get(second))) / TICKS_PER_SECOND;
    }

    /** The most memory that the process had resident until now, in bytes; 0 for one that is gone. */
    static long peakMemory(long pid) {
        Matcher peak = PEAK.matcher(read(pid, "status").orElse(""));
        return peak.find() ? Long.parseLong(peak.group(1)) << 10 : 0;
    }

    private static Optional<String> read(long pid, String file) {
        try {
            return Optional.of(Files.readString(Path.of("/proc", Long.toString(pid), file)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            // ESRCH: it ended between open and read.
            if (Files.exists(Path.of("/proc", Long.toString(pid), "exe"))) {
                throw new UncheckedIOException(e);
            }
            return Optional.empty();
        }
    }
}
