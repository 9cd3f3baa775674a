package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.plan.SqlToken;
import dev.walshift.engine.plan.SqlToken.UnreadableException;
import dev.walshift.postgres.Identifier;
import java.util.List;
import java.util.Set;

/**
 * Where a statement as the server deparses it counts columns by their places. The server's keywords are in capitals there; a name in
 * capitals is quoted.
 */
record CountedColumns(List<SqlToken> tokens) {
    /** They tell columns by name, or do not look at them. */
    private static final Set<String> ROW_FUNCTIONS =
            Set.of("count", "to_json", "to_jsonb", "row_to_json", "json_agg", "jsonb_agg");

    private static final Set<String> QUERIES = Set.of("SELECT", "VALUES", "WITH");
    private static final Set<String> ATTACHED = Set.of("TRIGGER", "RULE");
    private static final Set<String> OLD_AND_NEW = Set.of("old", "new");
    private static final Set<String> COMPARISONS = Set.of("=", "<", ">", "*", "IS", "NOT", "DISTINCT", "FROM");

    CountedColumns {
        tokens = List.copyOf(tokens);
    }

    static CountedColumns in(String sql) {
        try {
            return new CountedColumns(SqlToken.all(sql));
        } catch (UnreadableException e) {
            throw ServerSql.unreadable(e, sql);
        }
    }

    /** Whether it gives the columns of a relation other names: {@code FROM relation x(a, b)}. */
    boolean renamesThoseOf(Identifier relation) {
        for (int i = 0; i < tokens.size(); i++) {
            if (isNamed(i, relation) && isAlias(i + 1) && is(i + 2, "(")) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether it gives so many columns of a join or of a function other names: {@code (a JOIN b) x(p, q)}, {@code f(NULL::t) x(p, q)}.
     * The server lists all of them, those of other tables too. A subquery has the columns that it says itself.
     */
    boolean renamesThoseOfJoinOrFunction(int atLeast) {
        for (int i = 1; i < tokens.size(); i++) {
            boolean behind = is(i - 1, "ORDINALITY") || (is(i - 1, ")") && !closesQuery(i - 1));
            if (behind && isAlias(i) && is(i + 1, "(") && listed(i + 1) >= atLeast) {
                return true;
            }
        }
        return false;
    }

    /** Whether a row stands in it whole, {@code x.*}, where its columns might be compared or read by their places. */
    boolean usesWholeRows() {
        int i = 0;
        while (i < tokens.size()) {
            if (isWholeRow(i) && !isRowByName(i)) {
                int other = comparedWith(i);
                if (!isAttached() || !isOldOrNew(i) || !isOldOrNew(other)) {
                    return true;
                }
                i = other;
            }
            i++;
        }
        return false;
    }

    /** Whether it makes rows of single values, or of anything a value of this row type. */
    boolean makesRows(Identifier type) {
        for (int i = 0; i < tokens.size(); i++) {
            boolean cast = is(i, ":") && is(i + 1, ":") && (isNamed(i + 2, type) || isNamed(i + 4, type));
            if (cast || is(i, "ROW")) {
                return true;
            }
        }
        return false;
    }

    /** Whether it gives back rows that it changed: {@code RETURNING a, b}. */
    boolean returnsRows() {
        return tokens.stream().anyMatch(token -> token.text().equals("RETURNING"));
    }

    private boolean is(int index, String text) {
        return index >= 0 && index < tokens.size() && tokens.get(index).text().equals(text);
    }

    private boolean isNamed(int index, Identifier name) {
        if (index >= tokens.size() || !tokens.get(index).isName()) {
            return false;
        }
        try {
            return tokens.get(index).name().equals(name);
        } catch (UnreadableException e) {
            throw ServerSql.unreadable(e, tokens.get(index).text());
        }
    }

    private boolean isAlias(int index) {
        if (index >= tokens.size() || !tokens.get(index).isName()) {
            return false;
        }
        char first = tokens.get(index).text().charAt(0);
        return first < 'A' || first > 'Z';
    }

    private boolean closesQuery(int close) {
        int open = close - 1;
        while (tokens.get(open).depth() != tokens.get(close).depth() || !is(open, "(")) {
            open--;
        }
        return QUERIES.contains(tokens.get(open + 1).text());
    }

    /** How many stand in a bracket. */
    private int listed(int open) {
        int inside = tokens.get(open).depth() + 1;
        int count = 1;
        for (int i = open + 1; tokens.get(i).depth() >= inside; i++) {
            if (tokens.get(i).depth() == inside && is(i, ",")) {
                count++;
            }
        }
        return count;
    }

    private boolean isWholeRow(int index) {
        boolean operator = is(index - 2, "OPERATOR");
        return !operator && tokens.get(index).isName() && is(index + 1, ".") && is(index + 2, "*");
    }

    private boolean isRowByName(int index) {
        boolean tested =
                is(index + 3, "IS") && (is(index + 4, "NULL") || (is(index + 4, "NOT") && is(index + 5, "NULL")));
        boolean argument = is(index - 1, "(")
                && is(index + 3, ")")
                && index > 1
                && ROW_FUNCTIONS.contains(tokens.get(index - 2).text())
                && !is(index - 3, ".");
        return tested || argument;
    }

    /** Of a trigger or rule, so that OLD and NEW are rows of one table. */
    private boolean isAttached() {
        return tokens.stream().limit(4).anyMatch(token -> ATTACHED.contains(token.text()));
    }

    private boolean isOldOrNew(int index) {
        return index < tokens.size()
                && isWholeRow(index)
                && OLD_AND_NEW.contains(tokens.get(index).text());
    }

    private int comparedWith(int row) {
        int other = row + 3;
        while (other < tokens.size() && COMPARISONS.contains(tokens.get(other).text())) {
            other++;
        }
        return other;
    }
}
