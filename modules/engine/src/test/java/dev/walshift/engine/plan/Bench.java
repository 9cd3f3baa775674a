package dev.walshift.engine.plan;

import dev.walshift.engine.Problem;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.Blueprint.HomedStatistics;
import dev.walshift.engine.table.IndexDefinition;
import dev.walshift.engine.table.OwnedSequence;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Isolation;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A database, a planner on it, and a hostile name for the table to plan with. */
final class Bench implements AutoCloseable {
    static final Identifier SCHEMA = new Identifier("Sché\"ma; --");
    static final QualifiedName TABLE = new QualifiedName(SCHEMA, new Identifier("Or\"der; Täble"));
    /** As SQL. */
    static final String T = TABLE.sql();

    static final String S = SCHEMA.sql();
    static final Identifier SHADOW = new Identifier("walshift_1");
    static final Identifier RETIRED = new Identifier("walshift_retired_1");

    private static final SqlTemplate CREATE_SCHEMA = SqlTemplate.of("CREATE SCHEMA {schema}");
    private static final SqlTemplate MOVE = SqlTemplate.of("ALTER TABLE {table} SET SCHEMA {schema}");
    private static final SqlTemplate MOVE_STATISTICS = SqlTemplate.of("ALTER STATISTICS {name} SET SCHEMA {schema}");
    private static final SqlTemplate MOVE_SEQUENCE = SqlTemplate.of(
            "ALTER SEQUENCE {moved} OWNED BY NONE; ALTER SEQUENCE {moved} SET SCHEMA {schema}; ALTER SEQUENCE"
                    + " {sequence} OWNED BY {table}.{column}");
    private static final SqlTemplate TABLESPACE = SqlTemplate.of("SELECT set_config('default_tablespace', ?, true)");
    private static final SqlTemplate OID = SqlTemplate.of("SELECT ?::regclass::oid::bigint");

    private final TestDatabase database;
    private final Database connections;

    private Bench(TestDatabase database, PostgresServer server, String role) {
        this.database = database;
        String url = server.jdbcUrl(role, database.name());
        this.connections = new Database(() -> DriverManager.getConnection(url), () -> DriverManager.getConnection(url));
    }

    static Bench open(ServerVersion version) throws SQLException {
        return open(SharedServers.of(version));
    }

    static Bench open(PostgresServer server) throws SQLException {
        Bench bench = new Bench(TestDatabase.create(server), server, server.user());
        bench.execute("CREATE SCHEMA " + S);
        return bench;
    }

    /** Drops all that the test made in the schema, so that one database serves many cases. */
    void reset() throws SQLException {
        execute("DROP SCHEMA " + S + " CASCADE", "CREATE SCHEMA " + S);
    }

    /** The same database as another role sees it. */
    Bench as(String role) {
        return new Bench(database, database.server(), role);
    }

    /** The same database as another server has it. */
    Bench at(PostgresServer server) {
        return new Bench(database, server, server.user());
    }

    TestDatabase database() {
        return database;
    }

    int major() {
        return database.server().version().major();
    }

    void execute(String... statements) throws SQLException {
        database.execute(statements);
    }

    Connection connect() throws SQLException {
        return database.connect();
    }

    List<String> strings(String query) throws SQLException {
        try (Session session = connections.open("test")) {
            return session.query(SqlTemplate.of(query), row -> String.valueOf(row.getString(1)));
        }
    }

    /** With {@code {t}} the table and {@code {s}} its schema. */
    static String fill(String text) {
        return text.replace("{t}", T).replace("{s}", S);
    }

    static AlterRequest alter(String... clauses) {
        return new AlterRequest(Optional.of(T), List.of(clauses), Map.of(), List.of());
    }

    static AlterRequest reorder(List<String> columns, String... clauses) {
        return new AlterRequest(
                Optional.of(T),
                List.of(clauses),
                Map.of(),
                columns.stream().map(Identifier::new).toList());
    }

    MigrationPlan plan(AlterRequest request) throws SQLException {
        return new Planner(connections).plan(request);
    }

    MigrationPlan plan(String... clauses) throws SQLException {
        return plan(alter(clauses));
    }

    /** The problems of a plan, one line each: code, message. */
    List<String> problems(String... clauses) throws SQLException {
        return lines(plan(clauses).problems());
    }

    static List<String> lines(List<Problem> problems) {
        return problems.stream()
                .map(problem -> problem.code() + ": " + problem.message())
                .toList();
    }

    /** Creates the shadow and commits. */
    Blueprint createShadow(AlterRequest request) throws SQLException {
        return createShadow(request, transaction -> {});
    }

    /** @param then done in the same transaction afterwards */
    Blueprint createShadow(AlterRequest request, Session.Task then) throws SQLException {
        try (Session session = connections.openAsUser("test")) {
            return session.inTransaction(Isolation.READ_COMMITTED, transaction -> {
                transaction.execute(CREATE_SCHEMA.with("schema", SHADOW));
                ShadowNames names =
                        new ShadowNames(SHADOW, RETIRED, new QualifiedName(SHADOW, new Identifier("key log")));
                Blueprint blueprint = new Planner(connections).createShadow(transaction, request, names);
                then.run(transaction);
                return blueprint;
            });
        }
    }

    /** Does with an empty shadow what the later stages do, and swaps the tables. */
    void swap(Blueprint blueprint) throws SQLException {
        try (Session session = connections.open("test")) {
            session.transact(transaction -> {
                transaction.execute(CREATE_SCHEMA.with("schema", RETIRED));
                buildIndexes(transaction, blueprint);
                move(transaction, blueprint);
            });
        }
    }

    private static void buildIndexes(Session session, Blueprint blueprint) throws SQLException {
        for (IndexDefinition index : blueprint.indexes()) {
            session.queryOne(
                    TABLESPACE,
                    row -> row.getString(1),
                    index.tablespace().map(Identifier::name).orElse(""));
            for (SqlText statement : both(index.create(), index.constraint())) {
                session.execute(statement);
            }
        }
        for (SqlText statement : blueprint.finishing()) {
            session.execute(statement);
        }
    }

    private static List<SqlText> both(Optional<SqlText> first, Optional<SqlText> second) {
        List<SqlText> all = new ArrayList<>();
        first.ifPresent(all::add);
        second.ifPresent(all::add);
        return all;
    }

    private static void move(Session session, Blueprint blueprint) throws SQLException {
        for (SqlText statement : blueprint.dependents().detach()) {
            session.execute(statement);
        }
        QualifiedName source = blueprint.source().name();
        for (QualifiedName statistics : blueprint.statistics().source()) {
            session.execute(MOVE_STATISTICS.with("name", statistics).with("schema", RETIRED));
        }
        session.execute(MOVE.with("table", source).with("schema", RETIRED));
        session.execute(MOVE.with("table", blueprint.shadow()).with("schema", source.schema()));
        for (HomedStatistics statistics : blueprint.statistics().shadow()) {
            session.execute(MOVE_STATISTICS.with("name", statistics.name()).with("schema", statistics.home()));
        }
        for (OwnedSequence sequence : blueprint.sequences()) {
            if (sequence.kind() == OwnedSequence.Kind.SERIAL) {
                session.execute(MOVE_SEQUENCE
                        .with("moved", sequence.source().in(RETIRED))
                        .with("sequence", sequence.source())
                        .with("schema", source.schema())
                        .with("table", source)
                        .with("column", sequence.column()));
                if (sequence.widening().isPresent()) {
                    session.execute(sequence.widening().get());
                }
            }
        }
        for (SqlText statement : blueprint.atSwap()) {
            session.execute(statement);
        }
        for (SqlText statement : blueprint.dependents().attach()) {
            session.execute(statement);
        }
    }

    long oid(String table) throws SQLException {
        try (Session session = connections.open("test")) {
            return session.queryOne(OID, row -> row.getLong(1), table);
        }
    }

    @Override
    public void close() throws SQLException {
        database.close();
    }
}
