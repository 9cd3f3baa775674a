package dev.walshift.engine.pace;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Amounts with their units, by the names that PostgreSQL's configuration uses; the same everywhere, whatever the locale. */
public final class Units {
    private static final String[] BYTE_UNITS = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    private static final int BYTES_PER_UNIT = 1024;
    private static final Map<String, Long> SIZES =
            Map.of("kb", 1L << 10, "mb", 1L << 20, "gb", 1L << 30, "tb", 1L << 40);
    private static final Map<String, Long> TIMES = Map.of("s", 1L, "min", 60L, "h", 3_600L, "d", 86_400L);
    private static final Pattern AMOUNT = Pattern.compile("(\\d{1,6}(?:\\.\\d{1,3})?)\\s*([A-Za-z]+)");
    private static final String OFF = "off";

    private Units() {}

    /**
     * A limit in bytes, such as 50GB, or "off".
     *
     * @throws IllegalArgumentException with what is allowed, if it is neither
     */
    public static Limit<Long> parseSize(String text) {
        return parse(
                text, SIZES, "a size with its unit (kB, MB, GB or TB), such as 50GB, or off", BigDecimal::longValue);
    }

    /**
     * A limit in time, such as 90min, or "off".
     *
     * @throws IllegalArgumentException with what is allowed, if it is neither
     */
    public static Limit<Duration> parseTime(String text) {
        return parse(
                text,
                TIMES,
                "a time with its unit (s, min, h or d), such as 90min, or off",
                seconds -> Duration.ofMillis(seconds.movePointRight(3).longValue()));
    }

    private static <T> Limit<T> parse(
            String text, Map<String, Long> units, String allowed, Function<BigDecimal, T> amount) {
        if (text.strip().equalsIgnoreCase(OFF)) {
            return Limit.off();
        }
        Matcher parts = AMOUNT.matcher(text.strip());
        if (parts.matches()) {
            Optional<Long> unit = Optional.ofNullable(units.get(parts.group(2).toLowerCase(Locale.ROOT)));
            BigDecimal number = new BigDecimal(parts.group(1));
            if (unit.isPresent() && number.signum() > 0) {
                return Limit.at(amount.apply(number.multiply(BigDecimal.valueOf(unit.get()))));
            }
        }
        throw new IllegalArgumentException("%s is expected, got: %s".formatted(allowed, text));
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

    /** Nothing finer than seconds. */
    public static String time(Duration time) {
        if (time.toMinutes() < 1) {
            return "%d s".formatted(time.toSeconds());
        }
        return time.toHours() < 1
                ? "%d min %02d s".formatted(time.toMinutes(), time.toSecondsPart())
                : "%d h %02d min".formatted(time.toHours(), time.toMinutesPart());
    }
}
