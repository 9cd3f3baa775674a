package dev.walshift.postgres.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What needs no server; the sessions themselves are tested against real ones. */
class ConnectorTest {
    @TempDir
    private Path home;

    private Surroundings surroundings;

    @BeforeEach
    void useNoTls() {
        surroundings = new Surroundings(home)
                .set("PGUSER", "app")
                .set("PGPASSWORD", "hunter2")
                .set("PGSSLMODE", "disable");
    }

    @Test
    void triesEveryServerAndNamesEach() throws IOException {
        int first = unusedPort();
        int second = unusedPort();
        Connector connector = connector("host=127.0.0.1,127.0.0.1 port=%d,%d".formatted(first, second));

        assertThatThrownBy(connector::connect)
                .hasMessageContaining("no connection to 127.0.0.1:" + first)
                .hasMessageContaining("no connection to 127.0.0.1:" + second)
                .hasMessageNotContaining("hunter2")
                .isInstanceOfSatisfying(SQLException.class, failure -> {
                    assertThat(failure.getSQLState()).startsWith("08");
                    assertThat(failure.getSuppressed()).hasSize(2);
                });
    }

    @Test
    void aServerThatNeverAnswersLeavesTheNextItsTime() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int closed = unusedPort();
            Connector connector = connector(
                    "host=127.0.0.1,127.0.0.1 connect_timeout=1 port=%d,%d".formatted(silent.getLocalPort(), closed));

            assertThatThrownBy(connector::connect)
                    .hasMessageContaining("no connection to 127.0.0.1:" + silent.getLocalPort())
                    .hasMessageContaining("timed out")
                    .hasMessageContaining("no connection to 127.0.0.1:" + closed)
                    .hasMessageContaining("refused");
        }
    }

    @Test
    void aServerThatSaysNoEndsTheSearch() throws Exception {
        try (ServerSocket refusing = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<List<String>> startup = CompletableFuture.supplyAsync(() -> refuse(refusing, "28000"));
            Connector connector = connector("host=127.0.0.1,127.0.0.1 port=%d,1".formatted(refusing.getLocalPort()));

            assertThatThrownBy(connector::connect)
                    .hasMessageContaining("go away")
                    .hasMessageNotContaining(":1:")
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            failure -> assertThat(failure.getSQLState()).isEqualTo("28000"));
            assertThat(startup.get(10, TimeUnit.SECONDS)).containsSequence("application_name", "walshift");
        }
    }

    @Test
    void aServerThatIsStartingUpMakesRoomForTheNext() throws Exception {
        try (ServerSocket starting = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<List<String>> startup = CompletableFuture.supplyAsync(() -> refuse(starting, "57P03"));
            int closed = unusedPort();
            Connector connector =
                    connector("host=127.0.0.1,127.0.0.1 port=%d,%d".formatted(starting.getLocalPort(), closed));

            assertThatThrownBy(connector::connect)
                    .hasMessageContaining("go away")
                    .hasMessageContaining("no connection to 127.0.0.1:" + closed);
            assertThat(startup.get(10, TimeUnit.SECONDS)).contains("app");
        }
    }

    @Test
    void aReplicationConnectionAsksForAWalsenderOfTheDatabase() throws Exception {
        try (ServerSocket refusing = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<List<String>> startup = CompletableFuture.supplyAsync(() -> refuse(refusing, "28000"));
            Connector connector =
                    connector("host=127.0.0.1 dbname=orders application_name=mine options='-c geqo=off' port="
                            + refusing.getLocalPort());

            assertThatThrownBy(connector::connectForReplication).isInstanceOf(SQLException.class);

            assertThat(startup.get(10, TimeUnit.SECONDS))
                    .containsSequence("user", "app", "database", "orders")
                    .containsSequence("replication", "database")
                    .containsSequence("application_name", "mine")
                    .containsSequence("options", "-c geqo=off");
        }
    }

    @Test
    void anInterruptEndsTheSearchAndStays() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Connector connector = connector("host=127.0.0.1,127.0.0.1 port=%d,1".formatted(silent.getLocalPort()));
            Thread.currentThread().interrupt();

            assertThatThrownBy(connector::connect)
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("interrupted while connecting")
                    .hasMessageNotContaining(":1:");
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    private Connector connector(String url) {
        return new Connector(surroundings.resolve(url));
    }

    /** Reads one startup message, answers with an error, and gives the words of the message. */
    private static List<String> refuse(ServerSocket server, String state) {
        try (Socket client = server.accept()) {
            DataInputStream in = new DataInputStream(client.getInputStream());
            byte[] message = in.readNBytes(in.readInt() - Integer.BYTES);
            byte[] fields = "SFATAL\0VFATAL\0C%s\0Mgo away\0\0".formatted(state).getBytes(StandardCharsets.UTF_8);
            client.getOutputStream().write('E');
            client.getOutputStream().write(new byte[] {0, 0, 0, (byte) (Integer.BYTES + fields.length)});
            client.getOutputStream().write(fields);
            client.getOutputStream().flush();
            return List.of(new String(message, Integer.BYTES, message.length - Integer.BYTES, StandardCharsets.UTF_8)
                    .split("\0", -1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int unusedPort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
