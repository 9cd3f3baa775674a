package dev.walshift.engine.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.journal.KeyLog;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.Xid;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class KeyLogTest {
    private static final SqlTemplate ENTRIES =
            SqlTemplate.of("SELECT log_xid::text, k1, k2 FROM {log} ORDER BY log_id");
    private static final SqlTemplate FIRST_ID = SqlTemplate.of("SELECT min(log_id) FROM {log}");

    private static TestDatabase database;

    @BeforeAll
    static void createTable() throws SQLException {
        database = SharedServers.freshDatabase();
        database.execute(
                SqlTemplate.of("CREATE SCHEMA {s}")
                        .with("s", Scene.SOURCE.schema())
                        .sql(),
                Scene.sql("CREATE TABLE {t} (\"order\" text, \"Group by\" int, PRIMARY KEY (\"order\", \"Group by\"))")
                        .sql());
    }

    @AfterAll
    static void dropTable() throws SQLException {
        database.close();
    }

    @Test
    void keepsEveryTextAsItIs() throws SQLException {
        List<KeyLog.Entry> entries = List.of(
                entry(1, ""),
                entry(2, "\t"),
                entry(3, "a\nb\r\n"),
                entry(4, "\\"),
                entry(5, "\\N"),
                entry(6, "\\."),
                entry(7, "null"),
                entry(8, "\\x41\\101\\t"),
                entry(9, "\b\f\u000b\u0001\u007f"),
                entry(10, "ü 🐘 \"'"),
                entry(11, " blanks "),
                entry(12, "x".repeat(100_000)));
        try (Scene scene = Scene.of(database, "order", "Group by")) {
            scene.session().transact(tx -> scene.keyLog().append(tx, entries));
            assertThat(entries(scene)).isEqualTo(entries);
        }
    }

    @Test
    void keepsXidsBeyond32BitsAndTheSameKeyTwice() throws SQLException {
        List<KeyLog.Entry> entries = List.of(entry(0x1_0000_0005L, "k"), entry(5, "k"), entry(5, "k"));
        try (Scene scene = Scene.of(database, "order", "Group by")) {
            scene.session().transact(tx -> scene.keyLog().append(tx, entries));
            assertThat(entries(scene)).isEqualTo(entries);
        }
    }

    @Test
    void removesByRowAndNotByKey() throws SQLException {
        try (Scene scene = Scene.of(database, "order", "Group by")) {
            KeyLog log = scene.keyLog();
            scene.session().transact(tx -> log.append(tx, List.of(entry(5, "k"), entry(6, "k"))));
            assertThat(log.waiting()).isEqualTo(2);
            log.remove(scene.session(), List.of(firstId(scene)));
            assertThat(entries(scene)).containsExactly(entry(6, "k"));
            assertThat(log.waiting()).isEqualTo(1);
        }
    }

    @Test
    void aRestartedProcessLearnsHowManyWait() throws SQLException {
        try (Scene scene = Scene.of(database, "order", "Group by")) {
            KeyLog log = scene.keyLog();
            log.count(scene.session());
            assertThat(log.waiting()).isZero();
            scene.session().transact(tx -> log.append(tx, List.of(entry(5, "k"), entry(6, "k"), entry(7, "l"))));
            KeyLog restarted = scene.keyLog();
            restarted.count(scene.session());
            assertThat(restarted.waiting()).isEqualTo(3);
        }
    }

    @Test
    void itsFirstEntryMovesOnAndPassesNone() throws SQLException {
        try (Scene scene = Scene.of(database, "order", "Group by")) {
            KeyLog log = scene.keyLog();
            scene.session().transact(tx -> log.append(tx, List.of(entry(5, "k"), entry(6, "k"), entry(7, "l"))));
            log.advance(scene.session());
            long first = firstId(scene);
            assertThat(log.first()).isEqualTo(first);
            log.remove(scene.session(), List.of(first, first + 2));
            log.advance(scene.session());
            assertThat(log.first()).isEqualTo(firstId(scene)).isEqualTo(first + 1);
            log.remove(scene.session(), List.of(first + 1));
            log.advance(scene.session());
            assertThat(log.first()).isGreaterThan(first + 1);
            scene.session().transact(tx -> log.append(tx, List.of(entry(8, "m"))));
            assertThat(log.first()).isLessThanOrEqualTo(firstId(scene));
            assertThat(log.waiting()).isEqualTo(1);
        }
    }

    @Test
    void anUndoneAppendLeavesNothing() throws SQLException {
        try (Scene scene = Scene.of(database, "order", "Group by");
                Session session = scene.database().open("undone")) {
            session.execute(SqlTemplate.of("BEGIN"));
            scene.keyLog().append(session, List.of(entry(5, "k")));
            session.execute(SqlTemplate.of("ROLLBACK"));
            assertThat(entries(scene)).isEmpty();
        }
    }

    private static long firstId(Scene scene) throws SQLException {
        return scene.session().queryOne(FIRST_ID.with("log", scene.table().keyLog()), row -> row.getLong(1));
    }

    private static KeyLog.Entry entry(long xid, String text) {
        return new KeyLog.Entry(new Xid(xid), List.of(text, "7"));
    }

    private static List<KeyLog.Entry> entries(Scene scene) throws SQLException {
        return scene.session()
                .query(
                        ENTRIES.with("log", scene.table().keyLog()),
                        row -> new KeyLog.Entry(
                                Xid.parse(row.getString(1)), List.of(row.getString(2), row.getString(3))));
    }
}
