package dev.walshift.cli.terminal;

import dev.walshift.engine.pace.Units;
import java.time.Duration;
import java.util.Locale;

/** Numbers for people; the same everywhere, whatever the locale. */
public final class Amounts {
    private Amounts() {}

    public static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** In units of 1024, called as pg_size_pretty calls them. */
    public static String bytes(long bytes) {
        return Units.bytes(bytes);
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
        return Units.time(duration);
    }

    /** An estimate: nothing finer than seconds. */
    public static String estimate(Duration duration) {
        return Units.time(duration);
    }
}
