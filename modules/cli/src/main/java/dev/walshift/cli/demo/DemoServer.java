package dev.walshift.cli.demo;

import dev.walshift.cli.terminal.Amounts;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.connect.ConnectionSettings;
import dev.walshift.postgres.connect.Connector;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.oracle.Comparison;
import dev.walshift.testkit.oracle.Expectation;
import dev.walshift.testkit.oracle.Oracle;
import dev.walshift.testkit.workload.Truth;
import dev.walshift.testkit.workload.WorkloadTable;
import java.io.PrintStream;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** The demonstration's own server and the table on it. */
final class DemoServer implements AutoCloseable {
    private static final SqlTemplate SIZE = SqlTemplate.of("SELECT pg_total_relation_size('{table}')");
    private static final SqlTemplate INDEXES =
            SqlTemplate.of("SELECT count(*) FROM pg_index WHERE indrelid = '{table}'::regclass");
    private static final SqlTemplate COLUMNS = SqlTemplate.of("""
        SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
          FROM pg_attribute
         WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped
        """);

    private static final SqlTemplate VACUUM = SqlTemplate.of("VACUUM (ANALYZE) {table}");

    private final PostgresServer server;
    private final Database database;
    private final PrintStream out;

    private DemoServer(PostgresServer server, Database database, PrintStream out) {
        this.server = server;
        this.database = database;
        this.out = out;
    }

    /** Starts the newest server there is, durable as in production. */
    static DemoServer start(Path home, PrintStream out) {
        ServerVersion newest = PostgresServer.majors().getLast();
        out.printf("Starting PostgreSQL %s in a temporary folder ...%n", newest);
        PostgresServer server = PostgresServer.start(newest, Map.of("max_wal_size", "4GB"));
        try {
            // Nothing of the user's environment may lead elsewhere.
            Connector connector = new Connector(ConnectionSettings.resolve(
                    Optional.of(server.jdbcUrl()), Map.of(), home, warning -> out.println("Warning: " + warning)));
            Database database = new Database(connector::connect, connector::connectForReplication);
            return new DemoServer(server, database, out);
        } catch (RuntimeException e) {
            server.close();
            throw e;
        }
    }

    /** Creates and fills public.orders; returns what is in it. */
    Truth createTable(int rows) throws SQLException {
        out.printf("Filling public.orders with %s rows ...%n", Amounts.count(rows));
        long begin = System.nanoTime();
        try (Connection connection = server.connect()) {
            Truth loaded = WorkloadTable.orders().create(connection, rows);
            settle(connection);
            Duration time = Duration.ofNanos(System.nanoTime() - begin);
            out.printf(
                    "Filled in %s: %s with its %s indexes.%n",
                    Amounts.duration(time),
                    Amounts.bytes(Long.parseLong(ask(connection, SIZE))),
                    ask(connection, INDEXES));
            return loaded;
        }
    }

    /** What loading leaves for later is done now, or it would slow the writers down while they are watched. */
    private static void settle(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(
                    VACUUM.with("table", WorkloadTable.orders().name()).sql());
            statement.execute("CHECKPOINT");
        }
    }

    /** Every row of the table, both ways; the new column aside, whose values are random. */
    Comparison compare(Truth truth) throws SQLException {
        try (Connection connection = server.connect()) {
            return Oracle.compare(connection, truth, Expectation.unchanged(truth.table()));
        }
    }

    /** The table's columns and their types. */
    String columns() throws SQLException {
        try (Connection connection = server.connect()) {
            return ask(connection, COLUMNS);
        }
    }

    private static String ask(Connection connection, SqlTemplate question) throws SQLException {
        SqlTemplate sql = question.with("table", WorkloadTable.orders().name());
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql.sql())) {
            row.next();
            return row.getString(1);
        }
    }

    Connection connect() throws SQLException {
        return server.connect();
    }

    Database database() {
        return database;
    }

    /** For psql. */
    String url() {
        return "postgresql://%s@%s:%d/postgres".formatted(server.user(), server.host(), server.port());
    }

    @Override
    public void close() {
        server.close();
    }
}
