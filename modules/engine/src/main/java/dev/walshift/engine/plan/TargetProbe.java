package dev.walshift.engine.plan;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.AlterAction.Using;
import dev.walshift.engine.plan.AlterProbe.RejectedException;
import dev.walshift.engine.plan.SqlToken.UnreadableException;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Runs the operator's own DDL of the new table, and makes sure that it made that table, in its schema, and nothing else. */
final class TargetProbe {
    private static final String ONLY_THE_TABLE =
            "Leave out of the file what is not the new table, its partitions or theirs";

    /** Backslashes are what {@link SqlToken} takes them for. */
    private static final SqlText PLAIN_STRINGS = new SqlText("SET LOCAL standard_conforming_strings = on");

    private static final SqlTemplate EXPLAIN = SqlTemplate.of(
            "EXPLAIN INSERT INTO {target} ({column}) OVERRIDING SYSTEM VALUE SELECT {value} FROM ONLY {source}");
    private static final SqlText SAVEPOINT = new SqlText("SAVEPOINT walshift_types");
    private static final SqlText ROLLBACK =
            new SqlText("ROLLBACK TO SAVEPOINT walshift_types; RELEASE SAVEPOINT walshift_types");
    private static final SqlText RELEASE = new SqlText("RELEASE SAVEPOINT walshift_types");

    private static final SqlTemplate IS_OURS = SqlTemplate.of("""
        SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                        WHERE n.nspname = ? AND c.relname = ?)
            OR EXISTS (SELECT FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
                        WHERE n.nspname = ? AND s.stxname = ?)
        """);

    private static final SqlTemplate TARGET = SqlTemplate.of("""
        SELECT c.oid::bigint
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ? AND c.relname = ? AND c.relkind IN ('r', 'p')
        """);

    /**
     * Everything was made since the same savepoint, so it has the xmin that the target has.
     *
     * <p>"tree" is the table and what is below it; "family" what belongs to that: its indexes and the sequences that its columns own.
     */
    private static final SqlTemplate STRANGERS = SqlTemplate.of("""
        WITH made AS (SELECT c.xmin AS by, c.relnamespace AS home FROM pg_class c WHERE c.oid = ?::oid),
             tree AS (SELECT ?::oid AS oid
                      UNION SELECT relid::oid FROM pg_partition_tree(?::oid::regclass)),
             family AS (SELECT oid FROM tree
                        UNION ALL SELECT i.indexrelid FROM pg_index i JOIN tree t ON t.oid = i.indrelid
                        UNION ALL SELECT d.objid FROM pg_depend d JOIN tree t ON t.oid = d.refobjid
                                   WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                                     AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0)
        SELECT pg_describe_object('pg_class'::regclass, c.oid, 0)
          FROM pg_class c JOIN made m ON c.relnamespace = m.home
         WHERE c.oid NOT IN (SELECT oid FROM family)
        UNION ALL
        SELECT pg_describe_object('pg_class'::regclass, c.oid, 0)
          FROM pg_class c JOIN made m ON c.xmin = m.by AND c.relnamespace <> m.home
         WHERE c.relnamespace <> 'pg_toast'::regnamespace
        UNION ALL
        SELECT pg_describe_object('pg_class'::regclass, a.attrelid, a.attnum)
          FROM pg_attribute a JOIN made m ON a.xmin = m.by JOIN pg_class c ON c.oid = a.attrelid AND c.relnamespace <> m.home
         WHERE c.relnamespace <> 'pg_toast'::regnamespace AND c.xmin <> m.by
        UNION ALL
        SELECT pg_describe_object('pg_type'::regclass, y.oid, 0)
          FROM pg_type y JOIN made m ON y.xmin = m.by AND y.typnamespace <> m.home AND y.typrelid = 0
        UNION ALL
        SELECT pg_describe_object('pg_constraint'::regclass, o.oid, 0)
          FROM pg_constraint o JOIN made m ON o.xmin = m.by AND o.connamespace <> m.home
        UNION ALL
        SELECT pg_describe_object('pg_proc'::regclass, p.oid, 0) FROM pg_proc p JOIN made m ON p.xmin = m.by
        UNION ALL
        SELECT pg_describe_object('pg_trigger'::regclass, g.oid, 0) FROM pg_trigger g JOIN made m ON g.xmin = m.by
        UNION ALL
        SELECT pg_describe_object('pg_statistic_ext'::regclass, s.oid, 0)
          FROM pg_statistic_ext s JOIN made m ON s.xmin = m.by AND s.stxnamespace <> m.home
         ORDER BY 1
        """);

    /** What of the tree can't be filled, or read as a stream later. */
    private static final SqlTemplate UNFIT = SqlTemplate.of("""
        SELECT format('%s is %s', c.oid::regclass,
                      CASE WHEN c.relkind NOT IN ('r', 'p') THEN 'no plain table'
                           WHEN c.relpersistence <> 'p' THEN 'not permanent'
                           WHEN c.relrowsecurity OR c.relforcerowsecurity THEN 'under row level security'
                           WHEN c.reloftype <> 0 THEN 'a typed table'
                           ELSE 'stored by access method ' || m.amname END)
          FROM (SELECT ?::oid AS oid UNION SELECT relid::oid FROM pg_partition_tree(?::oid::regclass)) t
          JOIN pg_class c ON c.oid = t.oid
          LEFT JOIN pg_am m ON m.oid = c.relam
         WHERE c.relkind NOT IN ('r', 'p') OR c.relpersistence <> 'p' OR c.relrowsecurity OR c.relforcerowsecurity
            OR c.reloftype <> 0 OR (c.relkind = 'r' AND m.amname IS DISTINCT FROM 'heap')
         ORDER BY 1
        """);

    private final Session session;
    private final Settings settings;
    private final TableModel source;
    private final Identifier schema;
    private final Map<Identifier, Using> using;
    private final Map<Identifier, Expression> read = new HashMap<>();

    /**
     * @param schema where the table is created; empty
     * @param using by the new table's columns, over the source's
     */
    TargetProbe(Session session, Settings settings, TableModel source, Identifier schema, Map<Identifier, String> using)
            throws RejectedException {
        this.session = session;
        this.settings = settings;
        this.source = source;
        this.schema = schema;
        this.using = parse(using);
    }

    /**
     * Makes the table, and gives it what the file does not say.
     *
     * @param findings told which foreign keys it can't have
     * @throws RejectedException if that table can't be made, or is not all that was made
     */
    AlteredClone run(TargetFile file, Findings findings) throws SQLException, RejectedException {
        readUsing();
        session.execute(PLAIN_STRINGS);
        for (TargetStatement statement : file.statements()) {
            requireOurs(statement);
            execute(statement);
        }
        Optional<Long> oid = session.queryFirst(
                TARGET, row -> row.getLong(1), schema, source.name().name());
        if (oid.isEmpty()) {
            throw rejected(
                    "the file makes no table %s".formatted(source.name().name()),
                    "CREATE TABLE %s, by the name that the table has now"
                            .formatted(source.name().name().sql()));
        }
        checkTree(oid.get());
        TargetTable target = new TargetTable(session, source, schema);
        target.carry(oid.get());
        AlteredClone clone = target.read(oid.get(), findings, using, read);
        checkUsing(clone.after());
        checkTypes(clone);
        return clone;
    }

    private static Map<Identifier, Using> parse(Map<Identifier, String> texts) throws RejectedException {
        Map<Identifier, Using> parsed = new HashMap<>();
        for (Map.Entry<Identifier, String> entry : texts.entrySet()) {
            try {
                parsed.put(entry.getKey(), StatementParser.using(entry.getKey(), entry.getValue()));
            } catch (UnreadableException e) {
                throw rejected(e.what(), "Give one expression over the present table's columns");
            }
        }
        return Map.copyOf(parsed);
    }

    private void readUsing() throws SQLException, RejectedException {
        try (SourceColumns columns = SourceColumns.create(session, source.name(), schema)) {
            for (Map.Entry<Identifier, Using> entry : using.entrySet()) {
                String text = entry.getValue().sql();
                Optional<Expression> expression = columns.expressions().readOperators(settings, text, Map.of());
                if (expression.isEmpty()) {
                    throw rejected(
                            "the server can't read the USING expression of column %s: %s"
                                    .formatted(entry.getKey(), text),
                            "Give an expression over the present table's columns, without subqueries");
                }
                if (expression.get().columns().stream().anyMatch(number -> number <= 0)) {
                    throw rejected(
                            "the USING expression of column %s refers to the whole row or to a system column"
                                    .formatted(entry.getKey()),
                            "Name the columns it needs");
                }
                read.put(entry.getKey(), expression.get());
            }
        }
    }

    private void requireOurs(TargetStatement statement) throws SQLException, RejectedException {
        for (Identifier name : statement.needs()) {
            if (!session.queryOne(IS_OURS, row -> row.getBoolean(1), schema, name, schema, name)) {
                throw rejected(
                        "%s: the file has not made %s".formatted(firstLine(statement), name),
                        "Create it earlier in the file; others' tables can't be changed here");
            }
        }
    }

    private void execute(TargetStatement statement) throws SQLException, RejectedException {
        settings.asOperatorIn(session, List.of(schema, source.name().schema()));
        try {
            session.execute(new SqlText(statement.sql()));
        } catch (SQLException e) {
            if (SqlStates.isPassing(e)) {
                throw e;
            }
            throw new RejectedException(explain(e, statement));
        }
        settings.asWalshift(session);
    }

    private static Problem explain(SQLException failure, TargetStatement statement) {
        return new Problem(
                ProblemCode.WRONG_STATEMENT,
                "the server rejects the new table's DDL: %s (SQLSTATE %s), in: %s"
                        .formatted(message(failure), failure.getSQLState(), firstLine(statement)),
                said(failure).map(ServerErrorMessage::getHint).orElse("Correct the file; nothing was changed"));
    }

    private static String firstLine(TargetStatement statement) {
        return statement.sql().lines().findFirst().orElse("").strip();
    }

    private void checkTree(long oid) throws SQLException, RejectedException {
        List<String> strangers = session.query(STRANGERS, row -> row.getString(1), oid, oid, oid);
        if (!strangers.isEmpty()) {
            throw rejected(
                    "the file makes or changes something beside table %s: %s"
                            .formatted(source.name().name(), String.join(", ", strangers)),
                    ONLY_THE_TABLE);
        }
        List<String> unfit = session.query(UNFIT, row -> row.getString(1), oid, oid);
        if (!unfit.isEmpty()) {
            throw rejected(String.join(", ", unfit), "Make plain, permanent heap tables");
        }
    }

    private void checkUsing(TableModel after) throws RejectedException {
        for (Identifier name : using.keySet()) {
            Optional<Column> column = after.column(name);
            if (column.isEmpty() || column.get().isGenerated()) {
                throw rejected(
                        "a USING expression is given for column %s, which %s"
                                .formatted(name, column.isEmpty() ? "the new table does not have" : "is generated"),
                        "Name a column of the new table that is filled from the present one's");
            }
        }
    }

    /** As INSERT will convert them; nothing is run. */
    private void checkTypes(AlteredClone clone) throws SQLException, RejectedException {
        List<String> unfit = new ArrayList<>();
        for (Column column : clone.after().columns()) {
            Optional<SqlText> value = Optional.ofNullable(using.get(column.name()))
                    .map(written -> new SqlText(written.sql()))
                    .or(() -> clone.sourceOf(column)
                            .filter(from -> !column.isGenerated())
                            .map(from -> new SqlText(from.name().sql())));
            if (value.isPresent()) {
                mismatch(
                                clone,
                                column,
                                read.containsKey(column.name())
                                        ? read.get(column.name()).sql()
                                        : value.get())
                        .ifPresent(unfit::add);
            }
        }
        if (!unfit.isEmpty()) {
            throw rejected(String.join("; ", unfit), "Say how its values are made: --using 'column=expression'");
        }
    }

    private Optional<String> mismatch(AlteredClone clone, Column column, SqlText value) throws SQLException {
        session.execute(SAVEPOINT);
        try {
            session.query(
                    EXPLAIN.with("target", clone.after().name())
                            .with("column", column.name())
                            .with("value", value.escaped())
                            .with("source", source.name()),
                    row -> row.getString(1));
            session.execute(RELEASE);
            return Optional.empty();
        } catch (SQLException e) {
            if (SqlStates.isPassing(e)) {
                throw e;
            }
            session.execute(ROLLBACK);
            return Optional.of("column %s of the new table: %s".formatted(column.name(), message(e)));
        }
    }

    private static Optional<ServerErrorMessage> said(SQLException failure) {
        return failure instanceof PSQLException said
                ? Optional.ofNullable(said.getServerErrorMessage())
                : Optional.empty();
    }

    private static String message(SQLException failure) {
        return said(failure).map(ServerErrorMessage::getMessage).orElse(String.valueOf(failure.getMessage()));
    }

    private static RejectedException rejected(String message, String remedy) {
        return new RejectedException(new Problem(ProblemCode.WRONG_STATEMENT, message, remedy));
    }
}
