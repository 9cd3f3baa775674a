package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.plan.SqlToken;
import dev.walshift.engine.plan.SqlToken.UnreadableException;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlText;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A statement as the server deparses it under search_path pg_catalog: every relation stands in it with its schema.
 *
 * @param sql without a semicolon at its end
 */
record ServerSql(String sql) {
    private static final List<String> REFERENCES = List.of("regclass", "regtype", "regprocedure");

    /** The statement as it is. */
    SqlText text() {
        return new SqlText(sql).escaped();
    }

    /**
     * With other relations wherever some are named. An alias and a column that together have the name of one are
     * taken for it, as nothing but the server's grammar tells them apart.
     */
    SqlText withAll(Map<QualifiedName, QualifiedName> others) {
        return moved(others).text();
    }

    /** The same for good. */
    ServerSql moved(Map<QualifiedName, QualifiedName> others) {
        return replace(others, false);
    }

    /**
     * With other relations only where each is named first, which in CREATE TRIGGER, POLICY and RULE is never a
     * column.
     */
    SqlText withFirst(Map<QualifiedName, QualifiedName> others) {
        return replace(others, true).text();
    }

    static IllegalStateException unreadable(UnreadableException e, String sql) {
        return new IllegalStateException("%s in SQL of the server's own: %s".formatted(e.what(), sql), e);
    }

    private ServerSql replace(Map<QualifiedName, QualifiedName> others, boolean onlyFirst) {
        try {
            List<SqlToken> tokens = SqlToken.all(sql);
            Set<QualifiedName> met = new HashSet<>();
            StringBuilder replaced = new StringBuilder();
            int copied = 0;
            for (int i = 0; i < tokens.size(); i++) {
                if (isReference(tokens, i)) {
                    String constant = content(tokens.get(i));
                    String moved =
                            new ServerSql(constant).replace(others, onlyFirst).sql();
                    if (!moved.equals(constant)) {
                        replaced.append(sql, copied, tokens.get(i).start())
                                .append(SqlText.literal(moved).sql());
                        copied = tokens.get(i).end();
                    }
                }
                Optional<QualifiedName> name = relationAt(tokens, i);
                Optional<QualifiedName> other = name.flatMap(it -> Optional.ofNullable(others.get(it)));
                if (other.isPresent() && (met.add(name.get()) || !onlyFirst)) {
                    replaced.append(sql, copied, tokens.get(i).start())
                            .append(other.get().sql());
                    copied = tokens.get(i + 2).end();
                }
            }
            return new ServerSql(replaced.append(sql.substring(copied)).toString());
        } catch (UnreadableException e) {
            throw unreadable(e, sql);
        }
    }

    /** A constant that holds names as SQL has them: {@code 'schema.name'::regclass}. One with a backslash (E'') is left alone. */
    private static boolean isReference(List<SqlToken> tokens, int index) {
        return tokens.get(index).kind() == SqlToken.Kind.STRING
                && tokens.get(index).text().startsWith("'")
                && (index == 0 || !tokens.get(index - 1).is("E"))
                && index + 3 < tokens.size()
                && tokens.get(index + 1).is(':')
                && tokens.get(index + 2).is(':')
                && REFERENCES.stream().anyMatch(tokens.get(index + 3)::is);
    }

    private static String content(SqlToken constant) {
        return constant.text().substring(1, constant.text().length() - 1).replace("''", "'");
    }

    /** A function stands before a bracket, and so does a table only after INSERT INTO. */
    private static Optional<QualifiedName> relationAt(List<SqlToken> tokens, int index) throws UnreadableException {
        boolean qualified = index + 2 < tokens.size()
                && tokens.get(index).isName()
                && tokens.get(index + 1).is('.')
                && tokens.get(index + 2).isName();
        if (!qualified) {
            return Optional.empty();
        }
        boolean partOfLonger = (index > 0 && tokens.get(index - 1).is('.'))
                || (index + 3 < tokens.size() && tokens.get(index + 3).is('.'));
        boolean function = index + 3 < tokens.size()
                && tokens.get(index + 3).is('(')
                && !(index > 0 && tokens.get(index - 1).is("INTO"));
        return partOfLonger || function
                ? Optional.empty()
                : Optional.of(new QualifiedName(
                        tokens.get(index).name(), tokens.get(index + 2).name()));
    }
}
