package dev.walshift.cli.terminal;

import java.time.Duration;
import java.util.Locale;

/** Numbers for people; the same everywhere, whatever the locale. */
public final class Amounts {
    private static final String[] BYTE_UNITS = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    private static final int BYTES_PER_UNIT = 1024;

    private Amounts() {}

    public static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** In units of 1024, called as pg_size_pretty calls them. */
    public static String bytes(long bytes) {
        double amount = bytes;
        int unit = 0;
        while (amount >= BYTES_PER_UNIT && unit < BYTE_UNITS.length - 1) {
            amount /= BYTES_PER_UNIT;
            unit++;
        }
        String format = unit == 0 || amount >= 9.95 ? "%.0f %s" : "%.1f %s";
        return String.format(Locale.ROOT, format, amount, BYTE_UNITS[unit]);
    }

    /** {@code fraction} of 1 as whole percents, rounded down: 100 % only when all is done. */
    public static String percent(double fraction) {
        return "%d %%".formatted((long) Math.floor(Math.clamp(fraction, 0, 1) * 100));
    }

    public static String duration(Duration duration) {
        long millis = duration.toMillis();
        if (millis < 10) {
            return String.format(Locale.ROOT, "%.1f ms", duration.toNanos() / 1e6);
        }
        if (millis < 1_000) {
            return "%d ms".formatted(millis);
        }
        if (duration.toMinutes() < 1) {
            return String.format(Locale.ROOT, "%.1f s", millis / 1e3);
        }
        return longDuration(duration);
    }

    /** An estimate: nothing finer than seconds. */
    public static String estimate(Duration duration) {
        return duration.toMinutes() < 1 ? "%d s".formatted(duration.toSeconds()) : longDuration(duration);
    }

    private static String longDuration(Duration duration) {
        return duration.toHours() < 1
                ? "%d min %02d s".formatted(duration.toMinutes(), duration.toSecondsPart())
                : "%d h %02d min".formatted(duration.toHours(), duration.toMinutesPart());
    }
}
