package dev.walshift.engine.faults;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.migration.FailedException;
import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.engine.plan.RefusedException;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A live subscription of the user's from database {@code publisher} to database {@code subscriber}, both with the table. */
final class SubscriptionTest {
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    private TestDatabase publisher;
    private TestDatabase subscriber;

    @BeforeEach
    void makeTables() throws SQLException {
        publisher = SharedServers.freshDatabase();
        subscriber = SharedServers.freshDatabase();
        Hold.createTable(publisher);
        Hold.createTable(subscriber);
    }

    @AfterEach
    void dropTables() throws SQLException {
        threads.shutdownNow();
        subscriber.close();
        publisher.close();
    }

    private void publish() throws SQLException {
        publisher.execute("CREATE PUBLICATION theirs FOR TABLE orders");
    }

    /** With the slot made first: on one server CREATE SUBSCRIPTION would wait for itself. */
    private void subscribe() throws SQLException {
        publisher.execute(
                "SELECT pg_create_logical_replication_slot('theirs_%s', 'pgoutput')".formatted(publisher.name()));
        subscriber.execute("""
            CREATE SUBSCRIPTION theirs CONNECTION 'host=%s port=%d user=%s dbname=%s' PUBLICATION theirs
              WITH (create_slot = false, slot_name = 'theirs_%s', copy_data = false)
            """.formatted(
                        publisher.server().host(),
                        publisher.server().port(),
                        publisher.server().user(),
                        publisher.name(),
                        publisher.name()));
    }

    private void assertFlows(String note) throws SQLException {
        publisher.execute("UPDATE orders SET note = '%s' WHERE id = 7".formatted(note));
        try (Connection connection = subscriber.connect()) {
            await().until(() -> Scenario.list(connection, "SELECT note FROM orders WHERE id = 7")
                    .contains(note));
        }
    }

    @Test
    void aPublishedTableIsRefusedByNameAndItsSubscriberGoesOn() throws Exception {
        publish();
        subscribe();
        assertFlows("before");

        assertThatThrownBy(() -> migration(publisher).run())
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("in publication theirs");

        assertFlows("after");
    }

    @Test
    void aTableThatIsPublishedMeanwhileIsNotSwappedAndItsSubscriberGoesOn() throws Exception {
        assertGivesUp(publisher, () -> {
            publish();
            subscribe();
            assertFlows("in the middle");
        });
        assertFlows("after");
    }

    @Test
    void aTableThatASubscriptionWritesToIsRefusedByName() throws Exception {
        publish();
        subscribe();

        assertThatThrownBy(() -> migration(subscriber).run())
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("subscription theirs writes to table");

        assertFlows("after");
    }

    /** After a swap the subscription would pass over the new table without a word. */
    @Test
    void aTableThatIsSubscribedMeanwhileIsNotSwapped() throws Exception {
        publish();
        assertGivesUp(subscriber, () -> {
            subscribe();
            assertFlows("in the middle");
        });
        assertFlows("after");
    }

    private interface Meanwhile {
        void happens() throws SQLException;
    }

    private void assertGivesUp(TestDatabase database, Meanwhile meanwhile) throws Exception {
        Migration migration = migration(database);
        CompletableFuture<MigrationReport> running;
        // Not in the copy, whose transaction the slot of the subscription would wait for.
        try (Hold hold = Hold.at(Station.VERIFY, database)) {
            running = CompletableFuture.supplyAsync(migration::run, threads);
            hold.awaitArrival(migration);
            meanwhile.happens();
        }
        assertThatThrownBy(running::join)
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        FailedException.class, e -> assertThat(e.code()).isEqualTo(ProblemCode.SOURCE_CHANGED));
        try (Connection connection = database.connect()) {
            assertThat(Scenario.list(connection, "SELECT pubname FROM pg_publication WHERE pubname LIKE 'walshift%'"))
                    .isEmpty();
            assertThat(Scenario.list(
                            connection,
                            "SELECT slot_name FROM pg_replication_slots WHERE database = current_database() AND"
                                    + " slot_name LIKE 'walshift%'"))
                    .isEmpty();
        }
    }

    private static Migration migration(TestDatabase database) {
        return Scenario.migration(database, Scenario.request("orders", Hold.ALTER));
    }
}
