package dev.walshift.testkit.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FaultProxyTest {
    private final TestDatabase database = SharedServers.freshDatabase();
    private final FaultProxy proxy =
            FaultProxy.start(database.server().host(), database.server().port());

    @BeforeEach
    void createTable() throws SQLException {
        database.execute("CREATE TABLE t (a int)");
    }

    @AfterEach
    void close() throws SQLException {
        proxy.close();
        database.close();
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:%d/%s?user=%s"
                .formatted(proxy.port(), database.name(), database.server().user()));
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private int rows() throws SQLException {
        try (Connection direct = database.connect();
                Statement statement = direct.createStatement();
                ResultSet count = statement.executeQuery("SELECT count(*) FROM t")) {
            count.next();
            return count.getInt(1);
        }
    }

    @Test
    void tellsTheStatementsAndWhoSendsThem() throws SQLException {
        List<ClientMessage> seen = new CopyOnWriteArrayList<>();
        proxy.observe(message -> {
            seen.add(message);
            return Verdict.FORWARD;
        });
        try (Connection connection = connect()) {
            execute(connection, "SET application_name = 'some one'");
            execute(connection, "INSERT INTO t SELECT generate_series(1, 100)");
        }

        assertThat(rows()).isEqualTo(100);
        assertThat(seen).contains(new ClientMessage("some one", 'P', "INSERT INTO t SELECT generate_series(1, 100)"));
    }

    @Test
    void cutsEveryConnectionAndLetsNewOnesThrough() throws SQLException {
        try (Connection first = connect();
                Connection second = connect()) {
            proxy.cut();

            assertThatThrownBy(() -> execute(first, "SELECT 1")).isInstanceOf(SQLException.class);
            assertThatThrownBy(() -> execute(second, "SELECT 1")).isInstanceOf(SQLException.class);
        }
        try (Connection third = connect()) {
            execute(third, "INSERT INTO t VALUES (1)");
        }
        assertThat(rows()).isOne();
    }

    @Test
    void swallowsWhatIsSentWhileItIsSilent() throws Exception {
        CompletableFuture<Void> arrived = new CompletableFuture<>();
        proxy.observe(message -> {
            if (message.sql().startsWith("INSERT")) {
                arrived.complete(null);
            }
            return Verdict.FORWARD;
        });
        try (Connection connection = connect()) {
            proxy.goSilent();
            CompletableFuture<Void> insert = CompletableFuture.runAsync(() -> unheard(connection));
            assertThat(arrived).succeedsWithin(60, TimeUnit.SECONDS);
            assertThat(rows()).isZero();
            assertThat(insert).isNotDone();

            proxy.speakAgain();

            assertThat(insert).succeedsWithin(60, TimeUnit.SECONDS);
        }
        assertThat(rows()).isZero();
        connect().close();
    }

    private static void unheard(Connection connection) {
        assertThatThrownBy(() -> execute(connection, "INSERT INTO t VALUES (1)"))
                .isInstanceOf(SQLException.class);
    }

    @Test
    void cutsBeforeTheServerGetsACommit() throws SQLException {
        assertThatThrownBy(() -> insertWithCommit(Verdict.CUT)).isInstanceOf(SQLException.class);
        assertThat(rows()).isZero();
    }

    @Test
    void cutsTheAnswerToACommitThatTheServerGot() throws SQLException {
        assertThatThrownBy(() -> insertWithCommit(Verdict.CUT_ANSWER)).isInstanceOf(SQLException.class);
        assertThat(rows()).isOne();
    }

    private void insertWithCommit(Verdict verdict) throws SQLException {
        proxy.observe(message -> message.sql().equals("COMMIT") ? verdict : Verdict.FORWARD);
        try (Connection connection = connect()) {
            execute(connection, "BEGIN");
            execute(connection, "INSERT INTO t VALUES (1)");
            execute(connection, "COMMIT");
        }
    }
}
