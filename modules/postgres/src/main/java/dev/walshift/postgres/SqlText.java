package dev.walshift.postgres;

import java.util.Collection;
import java.util.stream.Collectors;
import org.postgresql.core.Parser;

/**
 * SQL that is already text: deparsed by the server itself ({@code format_type}, {@code pg_get_indexdef}, ...) or written by
 * the operator, who may run any SQL anyway. Never made from data.
 */
public record SqlText(String sql) implements SqlPart {

    /** The parts one after the other, separated by a comma. */
    public static SqlText list(Collection<? extends SqlPart> parts) {
        return join(", ", parts);
    }

    /** The parts one after the other, separated by {@code separator}. */
    public static SqlText join(String separator, Collection<? extends SqlPart> parts) {
        return new SqlText(parts.stream().map(SqlPart::sql).collect(Collectors.joining(separator)));
    }

    /** A string literal, for the utility statements that take no parameters (COMMENT, SET, CREATE PUBLICATION). */
    public static SqlText literal(String value) {
        // E'' is understood whatever standard_conforming_strings says.
        return new SqlText(" E'" + value.replace("\\", "\\\\").replace("'", "''") + "'");
    }

    /**
     * This text with each operator that holds a question mark ({@code jsonb ? text}) doubled, as JDBC wants it in a statement; what is
     * quoted stays.
     */
    public SqlText escaped() {
        char[] text = sql.toCharArray();
        StringBuilder escaped = new StringBuilder();
        for (int i = 0; i < text.length; i++) {
            int end = switch (text[i]) {
                case '\'' -> Parser.parseSingleQuotes(text, i, true);
                case '"' -> Parser.parseDoubleQuotes(text, i);
                case '$' -> Parser.parseDollarQuotes(text, i);
                default -> i;
            };
            escaped.append(text, i, Math.min(end, text.length - 1) - i + 1);
            if (text[i] == '?') {
                escaped.append('?');
            }
            i = end;
        }
        return new SqlText(escaped.toString());
    }

    @Override
    public String toString() {
        return sql;
    }
}
