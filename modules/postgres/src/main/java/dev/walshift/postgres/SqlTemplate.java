package dev.walshift.postgres;

import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A statement with named places, {@code {shadow}}, that only {@link SqlPart}s can fill. Immutable; values stay parameters,
 * {@code ?}.
 */
public final class SqlTemplate implements SqlPart {
    private static final Pattern PLACE = Pattern.compile("\\{([a-zA-Z]+)}");

    private final String text;
    private final Map<String, String> parts;

    private SqlTemplate(String text, Map<String, String> parts) {
        this.text = text;
        this.parts = parts;
    }

    public static SqlTemplate of(String text) {
        return new SqlTemplate(text, Map.of());
    }

    /**
     * This template with one place filled.
     *
     * @throws IllegalArgumentException if the text has no such place
     */
    public SqlTemplate with(String place, SqlPart part) {
        if (!text.contains("{" + place + "}")) {
            throw new IllegalArgumentException("no place {%s} in: %s".formatted(place, text));
        }
        Map<String, String> more = new TreeMap<>(parts);
        more.put(place, part.sql());
        return new SqlTemplate(text, more);
    }

    /**
     * The statement.
     *
     * @throws IllegalStateException if a place is still open
     */
    @Override
    public String sql() {
        return PLACE.matcher(text).replaceAll(place -> {
            String part = parts.get(place.group(1));
            if (part == null) {
                throw new IllegalStateException("place {%s} is open in: %s".formatted(place.group(1), text));
            }
            return Matcher.quoteReplacement(part);
        });
    }

    @Override
    public String toString() {
        return text;
    }
}
