package dev.walshift.engine.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.walshift.postgres.Lsn;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.SQLException;
import org.junit.jupiter.params.ParameterizedTest;

class ReplicationSlotTest {
    private static final SqlTemplate END_OF_WAL = SqlTemplate.of("SELECT pg_current_wal_insert_lsn()");
    private static final int HASTENS_SINCE = 16;

    private static Lsn endOfWal(Session session) throws SQLException {
        return session.queryOne(END_OF_WAL, row -> Lsn.parse(row.getString(1)));
    }

    @ParameterizedTest
    @OnMajors(each = true)
    void writesTheRecordThatMovesASlotWhereTheServerCan(ServerVersion version) throws SQLException {
        try (TestDatabase database = SharedServers.freshDatabase(version);
                Session session = new Session(database.connect())) {
            // The first look at a catalog's page may write hint bits, and WAL about them.
            ReplicationSlot.hasten(session);
            Lsn before = endOfWal(session);

            ReplicationSlot.hasten(session);

            // An older server may write something of its own meanwhile.
            assertThat(version.major() < HASTENS_SINCE || endOfWal(session).isAfter(before))
                    .isTrue();
        }
    }

    @ParameterizedTest
    @OnMajors(each = true)
    void aRoleThatMayNotDoThatLeavesItToTheServer(ServerVersion version) throws SQLException {
        try (TestDatabase database = SharedServers.freshDatabase(version);
                Session session = new Session(database.connect())) {
            session.execute(new SqlText("SET ROLE pg_read_all_stats"));

            assertThatCode(() -> ReplicationSlot.hasten(session)).doesNotThrowAnyException();
        }
    }
}
