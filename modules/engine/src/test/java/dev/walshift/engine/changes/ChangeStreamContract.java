package dev.walshift.engine.changes;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.postgres.Lsn;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.Xid;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;

/** What every {@link ChangeStream} promises, on every major. */
@ParameterizedClass
@OnMajors(each = true)
abstract class ChangeStreamContract {
    private static final int HUGE = 50_000;

    /** Of the major under test; static, because that is created once for all tests of the class. */
    private static StreamedTables tables;

    @Parameter
    ServerVersion version;

    @BeforeParameterizedClassInvocation
    static void createTables(ServerVersion version) throws SQLException {
        tables = new StreamedTables(version);
    }

    @AfterParameterizedClassInvocation
    static void dropTables() throws SQLException {
        tables.close();
    }

    @BeforeEach
    final void startOver() throws SQLException {
        tables.startOver();
    }

    static StreamedTables tables() {
        return tables;
    }

    /** Begins to read where the slot was confirmed; markers have {@link StreamedTables#MARKER_PREFIX}. */
    abstract ChangeStream open() throws SQLException;

    final Listener listen() throws SQLException {
        return new Listener(tables, open());
    }

    @Test
    void tellsTheKeyOfEachChangedRow() throws SQLException {
        tables.execute(
                "INSERT INTO {a} VALUES (1, 'x'), (2, 'x')",
                "UPDATE {a} SET v = 'y' WHERE \"order\" = 1",
                "DELETE FROM {a} WHERE \"order\" = 2");
        try (Listener listener = listen()) {
            assertThat(listener.catchUp().keysOf(tables.a())).containsExactly("1", "2", "1", "2");
        }
    }

    @Test
    void redeliversWhatWasNotConfirmed() throws SQLException {
        tables.execute("INSERT INTO {a} VALUES (1), (2)");
        try (Listener first = listen()) {
            assertThat(first.catchUp().keysOf(tables.a())).containsExactly("1", "2");
        }
        try (Listener second = listen()) {
            assertThat(second.catchUp().keysOf(tables.a())).containsExactly("1", "2");
        }
    }

    @Test
    void doesNotRedeliverWhatWasConfirmed() throws SQLException {
        tables.execute("INSERT INTO {a} VALUES (1), (2)");
        try (Listener first = listen()) {
            first.catchUp().confirm();
            tables.execute("INSERT INTO {a} VALUES (3)");
            assertThat(first.catchUp().keysOf(tables.a())).containsExactly("1", "2", "3");
        }
        try (Listener second = listen()) {
            assertThat(second.catchUp().keysOf(tables.a())).containsExactly("3");
        }
    }

    @Test
    void tellsOldAndNewKeyOfAKeyThatChanges() throws SQLException {
        tables.execute("INSERT INTO {b} VALUES ('x', 1, 'g')");
        try (Listener listener = listen()) {
            listener.catchUp();
            tables.execute("UPDATE {b} SET \"order\" = 2", "UPDATE {b} SET \"Group by\" = 'h', v = 'y'");
            assertThat(listener.catchUp().keysOf(tables.b()))
                    .hasSize(5)
                    .startsWith("g 1")
                    .contains("g 2", "h 2")
                    .filteredOn("g 1"::equals)
                    .hasSize(2);
        }
    }

    @Test
    void tellsKeysInTheirOwnOrderAndTablesApart() throws SQLException {
        tables.execute(
                "BEGIN",
                "INSERT INTO {a} VALUES (1)",
                "INSERT INTO {b} VALUES ('x', 1, 'g')",
                "INSERT INTO {c} VALUES (1)",
                "INSERT INTO {a} VALUES (2)",
                "COMMIT");
        try (Listener listener = listen()) {
            listener.catchUp();
            assertThat(listener.keys())
                    .extracting(ChangedKey::relation)
                    .containsExactly(tables.a(), tables.b(), tables.a());
            assertThat(listener.keys())
                    .extracting(ChangedKey::values)
                    .containsExactly(List.of("1"), List.of("g", "1"), List.of("2"));
        }
    }

    @Test
    void aMarkerComesAfterAllThatCommittedBeforeItAndBeforeTheRest() throws SQLException {
        try (Listener listener = listen();
                Session open = tables.database().openAsUser("open")) {
            open.execute(StreamedTables.sql("BEGIN"));
            open.execute(StreamedTables.sql("INSERT INTO {a} VALUES (1)"));
            tables.execute("INSERT INTO {a} VALUES (2)");
            assertThat(listener.catchUp().keysOf(tables.a())).containsExactly("2");
            open.execute(StreamedTables.sql("COMMIT"));
            assertThat(listener.catchUp().keysOf(tables.a())).containsExactly("2", "1");
        }
    }

    @Test
    void onlyCommittedMarkersWithItsPrefixCount() throws SQLException {
        String emit = "SELECT pg_logical_emit_message(%s, '%s', '%s')";
        tables.execute(
                emit.formatted("true", "somebody else's".replace("'", "''"), "other prefix"),
                emit.formatted("false", StreamedTables.MARKER_PREFIX, "not transactional"),
                "BEGIN",
                emit.formatted("true", StreamedTables.MARKER_PREFIX, "rolled back"),
                "ROLLBACK",
                "BEGIN",
                emit.formatted("true", StreamedTables.MARKER_PREFIX, "first of two"),
                "INSERT INTO {a} VALUES (1)",
                emit.formatted("true", StreamedTables.MARKER_PREFIX, "second of two"),
                "COMMIT");
        try (Listener listener = listen()) {
            listener.catchUp();
            assertThat(listener.markers()).hasSize(3).startsWith("first of two", "second of two");
            assertThat(listener.keysOf(tables.a())).containsExactly("1");
        }
    }

    @Test
    void whatIsRolledBackNeverAppears() throws SQLException {
        tables.execute(
                "BEGIN",
                "INSERT INTO {a} VALUES (1)",
                "ROLLBACK",
                "BEGIN",
                "INSERT INTO {a} VALUES (2)",
                "SAVEPOINT s",
                "INSERT INTO {a} VALUES (3)",
                "ROLLBACK TO SAVEPOINT s",
                "INSERT INTO {a} VALUES (4)",
                "COMMIT");
        try (Listener listener = listen()) {
            assertThat(listener.catchUp().keysOf(tables.a())).containsExactly("2", "4");
        }
    }

    @Test
    void subtransactionsCarryTheTopLevelXid() throws SQLException {
        tables.execute("BEGIN", "SAVEPOINT s", "INSERT INTO {a} VALUES (1)");
        Xid top = tables.ownXid();
        tables.execute(
                "RELEASE s", "SAVEPOINT t", "INSERT INTO {a} VALUES (2)", "SAVEPOINT u", "DELETE FROM {a}", "COMMIT");
        try (Listener listener = listen()) {
            assertThat(listener.catchUp().keysOf(tables.a())).containsExactly("1", "2", "1", "2");
            assertThat(listener.xids()).containsOnly(top);
        }
    }

    @Test
    void aPreparedTransactionAppearsWhenItIsCommittedWithItsXid() throws SQLException {
        tables.execute("BEGIN", "INSERT INTO {a} VALUES (1)");
        Xid prepared = tables.ownXid();
        tables.execute(
                "PREPARE TRANSACTION 'it''s kept'",
                "BEGIN",
                "INSERT INTO {a} VALUES (2)",
                "PREPARE TRANSACTION 'it''s given up'",
                "INSERT INTO {a} VALUES (3)");
        try (Listener listener = listen()) {
            assertThat(listener.catchUp().keysOf(tables.a())).containsExactly("3");
            tables.execute("ROLLBACK PREPARED 'it''s given up'", "COMMIT PREPARED 'it''s kept'");
            assertThat(listener.catchUp().keysOf(tables.a())).containsExactly("3", "1");
            assertThat(listener.xids()).endsWith(prepared);
        }
    }

    @Test
    void truncateIsReported() throws SQLException {
        tables.execute("INSERT INTO {a} VALUES (1)", "TRUNCATE {b}, {a}, {c}", "INSERT INTO {a} VALUES (1)");
        try (Listener listener = listen()) {
            listener.catchUp();
            assertThat(listener.truncated()).containsExactlyInAnyOrder(tables.a(), tables.b());
            assertThat(listener.keysOf(tables.a())).containsExactly("1", "1");
        }
    }

    @Test
    void aHugeTransactionComesInPiecesAndCanBeConfirmedAsAWholeOnly() throws SQLException {
        tables.execute("INSERT INTO {a} VALUES (0)");
        tables.execute("INSERT INTO {a} SELECT i FROM generate_series(1, %d) AS i".formatted(HUGE));
        try (Listener first = listen()) {
            await().pollDelay(Duration.ZERO).until(() -> {
                Optional<ChangeBatch> piece = first.hear();
                return piece.isPresent() && first.keys().size() > 1;
            });
            assertThat(first.keys()).hasSizeLessThan(HUGE);
            first.confirm();
        }
        try (Listener second = listen()) {
            assertThat(second.catchUp().keysOf(tables.a()))
                    .hasSize(HUGE)
                    .startsWith("1")
                    .endsWith(Integer.toString(HUGE));
            assertThat(second.xids().stream().distinct()).hasSize(1);
            second.confirm();
        }
        try (Listener third = listen()) {
            assertThat(third.catchUp().keys()).isEmpty();
        }
    }

    @Test
    void theEndMovesOnWithWorkThatIsNotOurs() throws SQLException {
        try (Listener listener = listen()) {
            tables.execute("INSERT INTO {c} SELECT i FROM generate_series(1, 1000) AS i");
            Lsn written = tables.written();
            await().pollDelay(Duration.ZERO).until(() -> {
                listener.hear();
                return !written.isAfter(listener.end());
            });
            assertThat(listener.keys()).isEmpty();
            listener.confirm();
        }
    }

    @Test
    void theEndStaysBeforeATransactionThatIsOpen() throws SQLException {
        try (Listener listener = listen();
                Session open = tables.database().openAsUser("open")) {
            open.execute(StreamedTables.sql("BEGIN"));
            open.execute(StreamedTables.sql("INSERT INTO {a} VALUES (1)"));
            tables.execute("INSERT INTO {a} VALUES (2)");
            listener.catchUp().confirm();
            open.execute(StreamedTables.sql("COMMIT"));
        }
        try (Listener second = listen()) {
            assertThat(second.catchUp().keysOf(tables.a())).containsExactly("1");
        }
    }
}
