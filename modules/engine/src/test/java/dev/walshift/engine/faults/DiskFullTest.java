package dev.walshift.engine.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.migration.InterruptedMigrationException;
import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.Phase;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** No room is left on the server's disk: the migration says so and can go on when there is; the source is as it was and can be written. */
final class DiskFullTest {
    private static final int ROWS = 40_000;
    private static final int MEGABYTES = 64;
    private static final long ROOM = 1 << 20;

    private SmallTablespace small;
    private PostgresServer server;
    private TestDatabase database;
    private Connection connection;

    @BeforeEach
    void makeTable() throws Exception {
        small = SmallTablespace.of(MEGABYTES);
        server = PostgresServer.start(PostgresServer.defaultMajors().getLast());
        database = TestDatabase.create(server);
        connection = database.connect();
        database.execute(
                "CREATE TABLESPACE small LOCATION '%s'".formatted(small.location()),
                "CREATE TABLE orders (id int PRIMARY KEY, n int, note text)",
                "INSERT INTO orders SELECT i, i, repeat('x', 100) FROM generate_series(1, %d) i".formatted(ROWS));
    }

    @AfterEach
    void stopServer() throws Exception {
        if (connection != null) {
            connection.close();
            server.close();
            small.close();
        }
    }

    @Test
    void inTheCopy() throws Exception {
        Migration migration = migration("ALTER COLUMN n TYPE bigint, SET TABLESPACE small");
        small.fillUpTo(ROOM);

        runOutOfRoom(migration, Phase.COPY);

        small.empty();
        goOn("ALTER COLUMN n TYPE bigint, SET TABLESPACE small");
    }

    @Test
    void inTheIndexBuild() throws Exception {
        database.execute("CREATE INDEX small_index ON orders (note, id) TABLESPACE small");
        small.fillUpTo(ROOM);

        runOutOfRoom(migration("ALTER COLUMN n TYPE bigint"), Phase.INDEX);

        small.empty();
        goOn("ALTER COLUMN n TYPE bigint");
    }

    private Migration migration(String alter) {
        return Scenario.migration(database, Scenario.request("orders", alter));
    }

    private void runOutOfRoom(Migration migration, Phase phase) throws SQLException {
        assertThatThrownBy(migration::run)
                .isInstanceOf(InterruptedMigrationException.class)
                .hasMessageContaining("No space left on device");
        assertThat(migration.progress().phase()).isEqualTo(phase);
        database.execute("UPDATE orders SET n = -n WHERE id <= 100");
        assertThat(Scenario.list(connection, "SELECT count(*) FROM orders")).containsExactly(Integer.toString(ROWS));
    }

    private void goOn(String alter) throws SQLException {
        assertThat(migration(alter).run().verified()).isTrue();
        assertThat(Scenario.list(connection, "SELECT sum(n) FROM orders"))
                .containsExactly(Long.toString((long) ROWS * (ROWS + 1) / 2 - 2 * 5050));
        Scenario.assertNothingLeft(connection);
    }
}
