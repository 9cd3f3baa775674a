package dev.walshift.engine.changes;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.postgres.Database;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Lsn;
import dev.walshift.postgres.SqlStates;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class PgoutputStreamTest extends ChangeStreamContract {
    /** The server asks for an answer after half of it, and ends the session of whoever is silent for all of it. */
    private static final Duration WAL_SENDER_TIMEOUT = Duration.ofSeconds(4);

    private static final Duration LONGER_THAN_HALF_OF_IT = Duration.ofMillis(2_500);

    @Override
    ChangeStream open() throws SQLException {
        return open(tables().database(), tables().slot());
    }

    private static PgoutputStream open(Database database, SlotName slot) throws SQLException {
        return PgoutputStream.open(database, slot, tables().tables(), StreamedTables.MARKER_PREFIX, tables().nextXid());
    }

    @Test
    void aSlotThatIsGoneOrInUseIsAnErrorAtOnce() throws SQLException {
        SlotName gone = new SlotName(new Identifier("gone"), tables().slot().publication());
        assertThatThrownBy(() -> open(tables().database(), gone))
                .isInstanceOfSatisfying(
                        SQLException.class,
                        e -> assertThat(SqlStates.is(e, SqlStates.UNDEFINED_OBJECT))
                                .isTrue());
        try (ChangeStream first = open()) {
            assertThat(first.poll(Duration.ofMillis(1))).isNotNull();
            assertThatThrownBy(this::open)
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            e -> assertThat(SqlStates.is(e, SqlStates.OBJECT_IN_USE))
                                    .isTrue());
        }
    }

    /** A server that wants to hear from us, often: pgjdbc answers by itself, and would confirm what it has received. */
    @Test
    void nothingButConfirmMovesTheSlot() throws SQLException {
        try (Listener listener = new Listener(tables(), open(impatient(), tables().slot()))) {
            tables().execute("INSERT INTO {a} VALUES (1)");
            listener.catchUp().confirm();
            Lsn confirmed = tables().confirmed();
            tables().execute("INSERT INTO {c} SELECT i FROM generate_series(1, 1000) AS i");
            Lsn written = tables().written();
            await().pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(10))
                    .during(LONGER_THAN_HALF_OF_IT)
                    .until(() -> {
                        listener.hear();
                        return tables().confirmed().equals(confirmed);
                    });
            assertThat(written.isAfter(listener.end())).isFalse();
        }
    }

    private static Database impatient() {
        Database database = tables().database();
        return new Database(
                () -> database.open("ordinary").connection(),
                () -> tables().connectForReplication("wal_sender_timeout=" + WAL_SENDER_TIMEOUT.toMillis()));
    }
}
