package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.postgresql.PGConnection;
import org.postgresql.jdbc.AutoSave;

/** Connections of a pool, with statements prepared on the server, that are open across the swap: what pgjdbc makes of it. */
final class OpenConnectionsTest {
    private static final String SELECT = "SELECT id, n FROM orders WHERE id = ?";
    private static final String INSERT = "INSERT INTO orders (n) VALUES (?) RETURNING id";

    @ParameterizedTest
    @OnMajors
    void outsideATransactionTheDriverPreparesAnewAndNobodyNotices(ServerVersion major) throws Exception {
        try (TestDatabase database = filled(major);
                Connection pooled = prepared(database);
                PreparedStatement select = pooled.prepareStatement(SELECT);
                PreparedStatement insert = pooled.prepareStatement(INSERT)) {
            assertThat(first(select, 7)).isEqualTo(7);
            long before = first(insert, 1);

            migrate(database);

            assertThat(first(select, 7)).isEqualTo(7);
            assertThat(first(insert, 2)).isGreaterThan(before);
            assertThat(first(select, 7)).isEqualTo(7);
        }
    }

    /** The first such statement of a transaction that began before the swap, or uses an old plan, fails; the next transaction works. */
    @ParameterizedTest
    @OnMajors
    void inATransactionTheFirstSelectOfAChangedTypeFailsOnce(ServerVersion major) throws Exception {
        try (TestDatabase database = filled(major);
                Connection pooled = prepared(database);
                PreparedStatement select = pooled.prepareStatement(SELECT)) {
            assertThat(first(select, 7)).isEqualTo(7);

            migrate(database);

            pooled.setAutoCommit(false);
            assertThatThrownBy(() -> first(select, 7))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("0A000"))
                    .hasMessageContaining("cached plan must not change result type");
            pooled.rollback();
            assertThat(first(select, 7)).isEqualTo(7);
            pooled.commit();
        }
    }

    /** Under pgjdbc's autosave=conservative the driver goes back to a savepoint and prepares anew, in a transaction too. */
    @ParameterizedTest
    @OnMajors
    void conservativeAutosaveHealsItInATransactionToo(ServerVersion major) throws Exception {
        try (TestDatabase database = filled(major);
                Connection pooled = prepared(database);
                PreparedStatement select = pooled.prepareStatement(SELECT)) {
            pooled.unwrap(PGConnection.class).setAutosave(AutoSave.CONSERVATIVE);
            pooled.setAutoCommit(false);
            assertThat(first(select, 7)).isEqualTo(7);
            pooled.commit();

            migrate(database);

            assertThat(first(select, 7)).isEqualTo(7);
            pooled.commit();
        }
    }

    /** A session keeps the values that it has cached of a serial's sequence, and no value is ever given twice. */
    @ParameterizedTest
    @OnMajors
    void cachedBlocksOfASequenceAreNotGivenTwice(ServerVersion major) throws Exception {
        try (TestDatabase database = filled(major);
                Connection one = prepared(database);
                Connection other = prepared(database)) {
            database.execute("ALTER SEQUENCE orders_id_seq CACHE 20");
            List<Long> drawn = new ArrayList<>(List.of(draw(one), draw(other), draw(one)));

            migrate(database);

            for (int i = 0; i < 30; i++) {
                drawn.add(draw(one));
                drawn.add(draw(other));
            }
            assertThat(new HashSet<>(drawn)).hasSameSizeAs(drawn);
            assertThat(drawn).allSatisfy(value -> assertThat(value).isGreaterThan(100));
        }
    }

    private static TestDatabase filled(ServerVersion major) throws SQLException {
        TestDatabase database = SharedServers.freshDatabase(major);
        database.execute(
                "CREATE TABLE orders (id serial PRIMARY KEY, n int)",
                "INSERT INTO orders (n) SELECT i FROM generate_series(1, 100) i");
        return database;
    }

    private static void migrate(TestDatabase database) {
        MigrationReport report = Scenario.migration(database, Scenario.request("orders", "ALTER COLUMN id TYPE bigint"))
                .run();
        assertThat(report.verified()).isTrue();
    }

    /** A connection whose statements are prepared on the server from the first execution on. */
    private static Connection prepared(TestDatabase database) throws SQLException {
        Connection connection = database.connect();
        connection.unwrap(PGConnection.class).setPrepareThreshold(1);
        return connection;
    }

    private static long first(PreparedStatement statement, int parameter) throws SQLException {
        statement.setInt(1, parameter);
        try (ResultSet rows = statement.executeQuery()) {
            assertThat(rows.next()).isTrue();
            return rows.getLong(1);
        }
    }

    private static long draw(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT nextval('orders_id_seq')");
                ResultSet rows = statement.executeQuery()) {
            rows.next();
            return rows.getLong(1);
        }
    }
}
