package dev.walshift.engine.faults;

import static org.awaitility.Awaitility.await;

import dev.walshift.engine.migration.Scenario;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;

/**
 * A table that a publication has, what happens to it around the swap, and a subscriber.
 *
 * @param table its name as SQL
 * @param publication its name as SQL
 */
record PublishedTable(TestDatabase database, String table, String publication) {
    List<String> list(String query) throws SQLException {
        return list(database, query);
    }

    private static List<String> list(TestDatabase database, String query) throws SQLException {
        try (Connection connection = database.connect()) {
            return Scenario.list(connection, query);
        }
    }

    /** A reader that holds off the swap until it ends its transaction. */
    Connection holdOff() throws SQLException {
        Connection reader = database.connect();
        reader.setAutoCommit(false);
        try (Statement statement = reader.createStatement()) {
            statement.execute("LOCK TABLE %s IN ACCESS SHARE MODE".formatted(table));
        }
        return reader;
    }

    /**
     * Runs {@code statements}, and commits them while walshift waits for its lock, so that the last drain has
     * their rows.
     */
    void commitInTheLockQueue(Connection holder, List<String> statements) throws SQLException {
        try (Statement statement = holder.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
        await().atMost(Hold.PATIENCE)
                .pollInterval(Duration.ofMillis(5))
                .until(() ->
                        !list("SELECT pid FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted AND relation = '%s'::regclass"
                                        .formatted(table))
                                .isEmpty());
        holder.commit();
    }

    /** With the slot made first: on one server CREATE SUBSCRIPTION would wait for itself. */
    void subscribe(TestDatabase subscriber) throws SQLException {
        String slot = "theirs_" + database.name();
        database.execute("SELECT pg_create_logical_replication_slot('%s', 'pgoutput')".formatted(slot));
        subscriber.execute("""
            CREATE SUBSCRIPTION theirs CONNECTION 'host=%s port=%d user=%s dbname=%s' PUBLICATION %s
              WITH (create_slot = false, slot_name = '%s')
            """.formatted(
                        database.server().host(),
                        database.server().port(),
                        database.server().user(),
                        database.name(),
                        publication,
                        slot));
        await().atMost(Hold.PATIENCE)
                .until(() -> list(subscriber, "SELECT DISTINCT srsubstate FROM pg_subscription_rel")
                        .equals(List.of("r")));
    }

    /** Until the subscriber has all that is committed now. */
    void awaitSubscriber() throws SQLException {
        String now = list("SELECT pg_current_wal_lsn()").getFirst();
        await().atMost(Hold.PATIENCE)
                .until(() ->
                        list("SELECT confirmed_flush_lsn >= '%s' FROM pg_replication_slots WHERE slot_name = 'theirs_%s'"
                                        .formatted(now, database.name()))
                                .equals(List.of("t")));
    }

    /** What each publication of the database has, and how. */
    List<String> members() throws SQLException {
        return list(
                "SELECT (to_jsonb(v), p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, p.pubviaroot)::text FROM"
                    + " pg_publication_tables v JOIN pg_publication p USING (pubname) ORDER BY pubname, v.schemaname,"
                    + " v.tablename");
    }
}
