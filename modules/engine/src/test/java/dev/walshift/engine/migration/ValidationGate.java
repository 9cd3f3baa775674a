package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Holds a migration after its swap, when the first foreign key is to be validated, until it is closed. */
final class ValidationGate implements AutoCloseable {
    private final Connection keeper;

    private ValidationGate(Connection keeper) {
        this.keeper = keeper;
    }

    /** Makes one, by an event trigger that stays. */
    static ValidationGate shut(TestDatabase database) throws SQLException {
        database.execute("""
            CREATE FUNCTION public.at_validation() RETURNS event_trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF current_query() LIKE 'ALTER TABLE%VALIDATE CONSTRAINT%' THEN
                    PERFORM pg_advisory_xact_lock_shared(4712);
                END IF;
            END $$
            """, "CREATE EVENT TRIGGER gate ON ddl_command_start EXECUTE FUNCTION public.at_validation()");
        ValidationGate gate = new ValidationGate(database.connect());
        Scenario.list(gate.keeper, "SELECT pg_advisory_lock(4712)");
        return gate;
    }

    /** Until the migration comes to the gate. */
    void awaitArrival(Migration migration, CompletableFuture<?> running) {
        await().atMost(Duration.ofSeconds(60))
                .until(() -> migration.progress().detail().startsWith("validate foreign key") || running.isDone());
        assertThat(migration.progress().phase()).isEqualTo(Phase.FINISH);
    }

    @Override
    public void close() throws SQLException {
        keeper.close();
    }
}
