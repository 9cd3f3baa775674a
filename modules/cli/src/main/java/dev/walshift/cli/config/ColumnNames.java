package dev.walshift.cli.config;

import dev.walshift.postgres.Identifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads column names as SQL does: lower-cased unless in double quotes. */
public final class ColumnNames {
    /** PostgreSQL: src/backend/parser/scan.l, {@code identifier} and {@code xd}. */
    private static final String NAME = "\"(?:[^\"]|\"\")+\"|[A-Za-z_\\x{80}-\\x{10FFFF}][\\w$\\x{80}-\\x{10FFFF}]*";

    private static final Pattern ONE = Pattern.compile("\\s*(%s)\\s*".formatted(NAME));
    private static final Pattern NEXT = Pattern.compile("\\G\\s*(%s)\\s*(?:,|$)".formatted(NAME));
    private static final Pattern ASSIGNED = Pattern.compile("\\s*(%s)\\s*=(.*)".formatted(NAME), Pattern.DOTALL);

    private ColumnNames() {}

    /**
     * One name.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static Identifier parse(String text) {
        Matcher name = ONE.matcher(text);
        if (!name.matches()) {
            throw new IllegalArgumentException(
                    "a column name is expected, in double quotes if it is not a plain one, got: %s".formatted(text));
        }
        return identifier(name.group(1));
    }

    /**
     * Names between commas.
     *
     * @throws IllegalArgumentException if that is not what {@code text} holds
     */
    public static List<Identifier> parseList(String text) {
        List<Identifier> names = new ArrayList<>();
        Matcher next = NEXT.matcher(text);
        int end = 0;
        while (end < text.length() && next.find()) {
            names.add(identifier(next.group(1)));
            end = next.end();
        }
        if (names.isEmpty() || end < text.length() || text.endsWith(",")) {
            throw new IllegalArgumentException(
                    "column names between commas are expected, in double quotes if not plain ones, got: %s"
                            .formatted(text));
        }
        return names;
    }

    /**
     * {@code column=expression}.
     *
     * @throws IllegalArgumentException if that is not what {@code text} holds
     */
    public static Map.Entry<Identifier, String> parseAssignment(String text) {
        Matcher assigned = ASSIGNED.matcher(text);
        if (!assigned.matches() || assigned.group(2).isBlank()) {
            throw new IllegalArgumentException("column=expression is expected, got: %s".formatted(text));
        }
        return Map.entry(identifier(assigned.group(1)), assigned.group(2).strip());
    }

    private static Identifier identifier(String name) {
        return new Identifier(
                name.startsWith("\"")
                        ? name.substring(1, name.length() - 1).replace("\"\"", "\"")
                        : lowerCaseAscii(name));
    }

    /** As the server does in UTF-8 databases, where it leaves all other letters alone. */
    private static String lowerCaseAscii(String name) {
        StringBuilder lower = new StringBuilder(name.length());
        name.chars().forEach(c -> lower.append((char) (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c)));
        return lower.toString();
    }
}
