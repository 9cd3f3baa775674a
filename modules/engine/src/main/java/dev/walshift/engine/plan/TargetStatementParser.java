package dev.walshift.engine.plan;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.SqlToken.UnreadableException;
import dev.walshift.postgres.Identifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Reads one statement of the new table's DDL: what kind it is, and which tables it speaks of. */
final class TargetStatementParser {
    private static final String ALLOWED =
            "The file may hold CREATE TABLE, CREATE INDEX, ALTER TABLE, ALTER INDEX, CREATE and ALTER STATISTICS, and"
                    + " COMMENT, about the new table and its partitions";
    private static final String UNQUALIFIED =
            "Leave the schema out: the new table and its partitions are made in one of walshift's own, and moved in"
                    + " the swap";

    private final String text;
    private final List<SqlToken> tokens;
    private final List<Identifier> needs = new ArrayList<>();
    private final Optional<Problem> refusal;

    /** @param tokens the statement's, from {@code text}; not empty */
    TargetStatementParser(String text, List<SqlToken> tokens) throws UnreadableException {
        this.text = text;
        this.tokens = tokens;
        this.refusal = read();
    }

    /** Why it can't be run, if it can't. */
    Optional<Problem> refusal() {
        return refusal;
    }

    TargetStatement statement() {
        return new TargetStatement(sql(), tokens.getFirst().start(), needs);
    }

    private String sql() {
        return text.substring(tokens.getFirst().start(), tokens.getLast().end());
    }

    private Optional<Problem> read() throws UnreadableException {
        if (tokens.stream().anyMatch(token -> token.is("REFERENCES") || isForeignKey(token))) {
            return refused(
                    "it makes a foreign key, which would stand in the application's way while the rows are copied",
                    "Leave it out and add it after the migration: ADD CONSTRAINT ... FOREIGN KEY ... NOT VALID, then"
                            + " VALIDATE CONSTRAINT");
        }
        if (starts("CREATE", "TABLE")) {
            return createTable(ifNotExists(2));
        }
        if (starts("CREATE", "INDEX") || starts("CREATE", "UNIQUE", "INDEX")) {
            return createIndex();
        }
        if (starts("CREATE", "STATISTICS")) {
            return createStatistics(ifNotExists(2));
        }
        if (starts("ALTER", "TABLE")) {
            return alterTable();
        }
        if (starts("ALTER", "INDEX")) {
            return alterIndex();
        }
        if (starts("ALTER", "STATISTICS") && tokenIs(3, "SET") && tokenIs(4, "STATISTICS")) {
            return need(2);
        }
        if (starts("COMMENT", "ON")) {
            return comment();
        }
        return otherKind();
    }

    private Optional<Problem> otherKind() {
        if (starts("GRANT") || starts("REVOKE")) {
            return refused("the new table gets the access rights of the present one", "Leave it out");
        }
        if (starts("SET") || starts("RESET")) {
            return refused(
                    "settings would go on in walshift's own transaction", "Set it for the role: ALTER ROLE ... SET");
        }
        for (String control : List.of("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE")) {
            if (starts(control)) {
                return refused("the file runs in a transaction of walshift's own", "Leave it out");
            }
        }
        if (starts("CREATE", "UNLOGGED")) {
            return refused("the new table is logged, as the present one is", "CREATE TABLE");
        }
        return refused("%s can't be part of the new table's DDL".formatted(firstWords()), ALLOWED);
    }

    private String firstWords() {
        return tokens.stream()
                .limit(2)
                .takeWhile(token -> token.kind() == SqlToken.Kind.WORD)
                .map(SqlToken::text)
                .collect(Collectors.joining(" "));
    }

    private boolean isForeignKey(SqlToken token) {
        int next = tokens.indexOf(token) + 1;
        return token.is("FOREIGN") && tokenIs(next, "KEY");
    }

    private Optional<Problem> createTable(int name) throws UnreadableException {
        if (isQualified(name)) {
            return refused("it names a schema", UNQUALIFIED);
        }
        if (has("INHERITS") || tokenIs(name + 1, "OF") || has("AS")) {
            return refused(
                    "the new table can be no child, typed table or query's result",
                    "Give its columns, or LIKE another table, or PARTITION OF");
        }
        if (tokenIs(name + 1, "PARTITION") && tokenIs(name + 2, "OF")) {
            return need(name + 3);
        }
        return Optional.empty();
    }

    private Optional<Problem> createIndex() throws UnreadableException {
        if (has("CONCURRENTLY")) {
            return refused(
                    "CONCURRENTLY does not go with a transaction", "Leave the word out: nobody uses the new table yet");
        }
        int on = indexOf("ON");
        if (on < 0) {
            return Optional.empty(); // The server says what is wrong.
        }
        return need(tokenIs(on + 1, "ONLY") ? on + 2 : on + 1);
    }

    private Optional<Problem> createStatistics(int name) throws UnreadableException {
        if (isQualified(name)) {
            return refused("it names a schema", UNQUALIFIED);
        }
        int from = indexOf("FROM");
        return from < 0 ? Optional.empty() : need(from + 1);
    }

    private Optional<Problem> alterTable() throws UnreadableException {
        int name = starts("ALTER", "TABLE", "IF", "EXISTS") ? 4 : 2;
        name += tokenIs(name, "ONLY") ? 1 : 0;
        Optional<Problem> problem = need(name);
        int action =
                name + 1 + (name + 1 < tokens.size() && tokens.get(name + 1).is('*') ? 1 : 0);
        while (problem.isEmpty() && action > 0 && action < tokens.size()) {
            problem = alterAction(action);
            action = indexOf(',', action) + 1;
        }
        return problem;
    }

    private Optional<Problem> alterAction(int at) throws UnreadableException {
        if (tokenIs(at, "ATTACH") && tokenIs(at + 1, "PARTITION")) {
            return need(at + 2);
        }
        boolean sets = tokenIs(at, "SET")
                && at + 1 < tokens.size()
                && tokens.get(at + 1).is('(');
        boolean known = tokenIs(at, "ADD")
                || tokenIs(at, "ALTER")
                || sets
                || (tokenIs(at, "SET") && tokenIs(at + 1, "TABLESPACE"))
                || (tokenIs(at, "CLUSTER") && tokenIs(at + 1, "ON"))
                || (tokenIs(at, "VALIDATE") && tokenIs(at + 1, "CONSTRAINT"));
        return known
                ? Optional.empty()
                : refused(
                        "walshift can't make this change on the new table",
                        "Use ADD, ALTER, SET (...), SET TABLESPACE, CLUSTER ON, VALIDATE CONSTRAINT or ATTACH"
                                + " PARTITION; do anything else after the migration");
    }

    private Optional<Problem> alterIndex() throws UnreadableException {
        int name = starts("ALTER", "INDEX", "IF", "EXISTS") ? 4 : 2;
        Optional<Problem> problem = need(name);
        if (problem.isPresent()) {
            return problem;
        }
        if (tokenIs(name + 1, "ATTACH") && tokenIs(name + 2, "PARTITION")) {
            return need(name + 3);
        }
        boolean known = tokenIs(name + 1, "ALTER") || tokenIs(name + 1, "SET");
        return known
                ? Optional.empty()
                : refused("walshift can't make this change of an index", "Give CREATE INDEX as it is to be");
    }

    private Optional<Problem> comment() throws UnreadableException {
        if (tokenIs(2, "TABLE") || tokenIs(2, "INDEX") || tokenIs(2, "STATISTICS")) {
            return need(3);
        }
        if (tokenIs(2, "COLUMN")) {
            // table.column; one name more would be a schema.
            return indexOf('.', 6) == 6 ? refused("it names a schema", UNQUALIFIED) : needName(3);
        }
        if (tokenIs(2, "CONSTRAINT") && tokenIs(4, "ON") && !tokenIs(5, "DOMAIN")) {
            return need(5);
        }
        return refused("it comments on something else than the new table", ALLOWED);
    }

    /** That the name at this place is one without a schema, which an earlier statement made. */
    private Optional<Problem> need(int at) throws UnreadableException {
        return isQualified(at) ? refused("it names a schema", UNQUALIFIED) : needName(at);
    }

    private Optional<Problem> needName(int at) throws UnreadableException {
        if (at < tokens.size()) {
            needs.add(tokens.get(at).name());
        }
        return Optional.empty();
    }

    private boolean isQualified(int at) {
        return at + 1 < tokens.size() && tokens.get(at + 1).is('.');
    }

    private int ifNotExists(int at) {
        return tokenIs(at, "IF") && tokenIs(at + 1, "NOT") && tokenIs(at + 2, "EXISTS") ? at + 3 : at;
    }

    private boolean has(String keyword) {
        return indexOf(keyword) >= 0;
    }

    /** Of a keyword outside of brackets; -1 if there is none. */
    private int indexOf(String keyword) {
        for (int i = 0; i < tokens.size(); i++) {
            if (tokens.get(i).is(keyword) && tokens.get(i).depth() == 0) {
                return i;
            }
        }
        return -1;
    }

    private int indexOf(char symbol, int from) {
        for (int i = from; i < tokens.size(); i++) {
            if (tokens.get(i).is(symbol) && tokens.get(i).depth() == 0) {
                return i;
            }
        }
        return -1;
    }

    private boolean tokenIs(int at, String keyword) {
        return at < tokens.size() && tokens.get(at).is(keyword);
    }

    private boolean starts(String... keywords) {
        for (int i = 0; i < keywords.length; i++) {
            if (!tokenIs(i, keywords[i])) {
                return false;
            }
        }
        return true;
    }

    private Optional<Problem> refused(String reason, String remedy) {
        return Optional.of(
                new Problem(ProblemCode.UNSUPPORTED_CHANGE, "%s: %s".formatted(firstLine(), reason), remedy));
    }

    private String firstLine() {
        return sql().lines().findFirst().orElse("").strip();
    }
}
