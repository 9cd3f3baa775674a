package dev.walshift.engine.migration;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.changes.ReplicationSlot;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.journal.KeyLog;
import dev.walshift.engine.pace.PaceMode;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What the journal of a database knows. Any thread. */
public final class MigrationList {
    /** The newest ones: history grows, a page of it does not. */
    private static final int MOST = 100;

    private static final SqlTemplate ALL = SqlTemplate.of("""
        SELECT m.id, m.relation, m.statement, m.state, m.created_at, m.updated_at, m.problem_code, m.problem, m.remedy,
               s.pages, s.pages_left, s.rows_copied, v.compared, p.mode,
               EXISTS (SELECT FROM pg_locks l
                        WHERE l.locktype = 'advisory' AND l.granted
                          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                          AND (l.classid::bigint << 32) | l.objid::bigint
                              = hashtextextended('walshift migration of ' || m.relation, 0)) AS running
          FROM walshift.migration m
          LEFT JOIN walshift.pace p ON p.migration_id = m.id
          LEFT JOIN LATERAL (SELECT max(end_page) AS pages, sum(end_page - next_page)::bigint AS pages_left,
                                    sum(rows_copied)::bigint AS rows_copied
                               FROM walshift.stripe WHERE migration_id = m.id) AS s ON true
          LEFT JOIN LATERAL (SELECT sum(next_page) / nullif(sum(end_page), 0) AS compared
                               FROM walshift.verify_scan WHERE migration_id = m.id) AS v ON true
         ORDER BY m.id DESC
         LIMIT ?
        """);

    private final Database database;
    private final Journal journal = new Journal();

    public MigrationList(Database database) {
        this.database = database;
    }

    /** The newest migrations, newest first; none if walshift was never used here. */
    public List<MigrationStatus> all() throws SQLException {
        try (Session session = database.open("status")) {
            if (!journal.exists(session)) {
                return List.of();
            }
            List<MigrationStatus> found = new ArrayList<>();
            for (MigrationStatus status : session.query(ALL, MigrationList::read, MOST)) {
                found.add(isOver(status) ? status : withStream(session, status));
            }
            return found;
        }
    }

    private static boolean isOver(MigrationStatus status) {
        return status.state().equals("FINISHED") || status.state().equals("FAILED");
    }

    private static MigrationStatus read(ResultSet row) throws SQLException {
        long pages = row.getLong("pages");
        String problem = row.getString("problem");
        boolean unfinished = !row.getString("state").equals("FINISHED")
                && !row.getString("state").equals("FAILED");
        return new MigrationStatus(
                row.getLong("id"),
                row.getString("relation"),
                row.getString("statement"),
                row.getString("state"),
                row.getObject("created_at", OffsetDateTime.class).toInstant(),
                row.getObject("updated_at", OffsetDateTime.class).toInstant(),
                pages > 0 ? Optional.of(1.0 - (double) row.getLong("pages_left") / pages) : Optional.empty(),
                row.getLong("rows_copied"),
                Optional.ofNullable(row.getObject("compared", BigDecimal.class)).map(BigDecimal::doubleValue),
                0,
                Optional.empty(),
                unfinished && row.getBoolean("running"),
                Optional.ofNullable(row.getString("mode")).map(PaceMode::valueOf),
                problem == null
                        ? Optional.empty()
                        : Optional.of(new Problem(
                                ProblemCode.valueOf(row.getString("problem_code")), problem, row.getString("remedy"))));
    }

    private MigrationStatus withStream(Session session, MigrationStatus status) throws SQLException {
        long waiting = 0;
        for (Blueprint table : journal.relations(session, status.id())) {
            KeyLog keyLog = new KeyLog(table);
            if (keyLog.exists(session)) {
                keyLog.count(session);
                waiting += keyLog.waiting();
            }
        }
        Optional<Long> lag = ReplicationSlot.state(session, Setup.slotName(session, status.id()))
                .map(ReplicationSlot.State::lagBytes);
        return new MigrationStatus(
                status.id(),
                status.table(),
                status.statement(),
                status.state(),
                status.createdAt(),
                status.updatedAt(),
                status.copied(),
                status.rowsCopied(),
                status.compared(),
                waiting,
                lag,
                status.running(),
                status.pace(),
                status.problem());
    }
}
