package dev.walshift.engine.cutover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.migration.TestConnections;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class DeadlineTest {
    private static final SqlTemplate SLEEP = SqlTemplate.of("SELECT pg_sleep(?)");

    private final TestDatabase database = SharedServers.freshDatabase();
    private Session session;

    @BeforeEach
    void open() throws SQLException {
        session = TestConnections.database(database).open("cutover");
    }

    @AfterEach
    void close() throws SQLException {
        session.close();
        database.close();
    }

    @Test
    void endsStatementsThatAreEachQuickEnough() {
        assertThatThrownBy(() -> {
                    try (Deadline deadline = Deadline.start(session, Duration.ofMillis(300))) {
                        for (int i = 0; i < 600; i++) {
                            sleep(0.1);
                        }
                    }
                })
                .isInstanceOfSatisfying(
                        SQLException.class,
                        e -> assertThat(SqlStates.is(e, SqlStates.QUERY_CANCELED))
                                .isTrue());
    }

    @Test
    void doesNothingWhenItIsMet() throws SQLException {
        try (Deadline deadline = Deadline.start(session, Duration.ofSeconds(60))) {
            sleep(0.01);
        }
        sleep(0.01);
    }

    private void sleep(double seconds) throws SQLException {
        session.query(SLEEP, row -> true, seconds);
    }
}
