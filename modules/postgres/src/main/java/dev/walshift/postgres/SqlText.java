package dev.walshift.postgres;

import java.util.Collection;
import java.util.stream.Collectors;

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

    @Override
    public String toString() {
        return sql;
    }
}
