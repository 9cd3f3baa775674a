package dev.walshift.engine.journal;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.XidFence;
import dev.walshift.postgres.Isolation;
import dev.walshift.postgres.Lsn;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import dev.walshift.postgres.Xid;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The migration's memory, in schema {@code walshift} of the migrated database, so that what is done and the note that it is done
 * commit together. One row a migration, one a relation in it, a bounded number of stripes and two scans a relation: it does not grow with
 * the table.
 *
 * <p>Any thread; each call brings its session.
 */
public final class Journal {
    /** What every {@link #mark} begins with. */
    public static final String MARK_BEGINS = "walshift migration ";

    private static final Pattern MARKED = Pattern.compile(MARK_BEGINS + "([0-9]{1,18}), begun [0-9.]+");
    private static final String VERSION = "walshift journal 5";

    private static final SqlTemplate CREATE = SqlTemplate.of("""
        CREATE SCHEMA IF NOT EXISTS walshift;
        COMMENT ON SCHEMA walshift IS {version};
        CREATE TABLE IF NOT EXISTS walshift.migration (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            relation text NOT NULL,
            statement text NOT NULL,
            request text NOT NULL,
            state text NOT NULL,
            fence xid8,
            problem_code text,
            problem text,
            remedy text,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now());
        CREATE TABLE IF NOT EXISTS walshift.relation (
            migration_id bigint NOT NULL REFERENCES walshift.migration ON DELETE CASCADE,
            source_oid oid NOT NULL,
            blueprint text NOT NULL,
            PRIMARY KEY (migration_id, source_oid));
        CREATE TABLE IF NOT EXISTS walshift.stripe (
            migration_id bigint NOT NULL REFERENCES walshift.migration ON DELETE CASCADE,
            source_oid oid NOT NULL,
            stripe integer NOT NULL,
            next_page bigint NOT NULL,
            end_page bigint NOT NULL,
            rows_copied bigint NOT NULL DEFAULT 0,
            PRIMARY KEY (migration_id, source_oid, stripe));
        CREATE TABLE IF NOT EXISTS walshift.verify_scan (
            migration_id bigint NOT NULL REFERENCES walshift.migration ON DELETE CASCADE,
            source_oid oid NOT NULL,
            direction text NOT NULL,
            seed bigint,
            next_page bigint NOT NULL DEFAULT 0,
            heap_pages bigint[] NOT NULL,
            end_page bigint NOT NULL,
            rows_compared bigint NOT NULL DEFAULT 0,
            PRIMARY KEY (migration_id, source_oid, direction));
        CREATE TABLE IF NOT EXISTS walshift.pace (
            migration_id bigint PRIMARY KEY REFERENCES walshift.migration ON DELETE CASCADE,
            mode text NOT NULL);
        CREATE TABLE IF NOT EXISTS walshift.stream (
            migration_id bigint PRIMARY KEY REFERENCES walshift.migration ON DELETE CASCADE,
            durable_lsn pg_lsn NOT NULL)
        """);

    private static final SqlTemplate FOUND_VERSION =
            SqlTemplate.of("SELECT obj_description(to_regnamespace('walshift'), 'pg_namespace')");
    private static final SqlTemplate EXISTS = SqlTemplate.of("SELECT to_regclass('walshift.stream') IS NOT NULL");
    private static final SqlTemplate SERIALIZE =
            SqlTemplate.of("SELECT pg_advisory_xact_lock(hashtextextended('walshift journal', 0))");
    private static final SqlTemplate BEGIN_MIGRATION = SqlTemplate.of("""
        INSERT INTO walshift.migration (relation, statement, request, state) VALUES (?, ?, ?, ?) RETURNING id
        """);
    private static final SqlTemplate SAVE_REQUEST =
            SqlTemplate.of("UPDATE walshift.migration SET request = ? WHERE id = ?");
    private static final SqlTemplate UNFINISHED = SqlTemplate.of("""
        SELECT id, relation, statement, request, state, fence, problem_code, problem, remedy
          FROM walshift.migration
         WHERE relation = ? AND state NOT IN ('FINISHED', 'FAILED')
         ORDER BY id DESC
         LIMIT 1
        """);
    private static final SqlTemplate ALL_UNFINISHED = SqlTemplate.of("""
        SELECT m.id, m.relation, m.state, format('walshift migration %s, begun %s', m.id, extract(epoch FROM m.created_at)),
               EXISTS (SELECT FROM pg_locks l
                        WHERE l.locktype = 'advisory' AND l.granted
                          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                          AND (l.classid::bigint << 32) | l.objid::bigint
                              = hashtextextended('walshift migration of ' || m.relation, 0))
          FROM walshift.migration m
         WHERE m.state NOT IN ('FINISHED', 'FAILED')
         ORDER BY m.id
        """);
    private static final SqlTemplate LOAD = SqlTemplate.of("""
        SELECT id, relation, statement, request, state, fence, problem_code, problem, remedy
          FROM walshift.migration
         WHERE id = ?
           FOR UPDATE
        """);
    private static final SqlTemplate SAVE = SqlTemplate.of("""
        UPDATE walshift.migration
           SET state = ?, fence = ?::xid8, problem_code = ?, problem = ?, remedy = ?, updated_at = now()
         WHERE id = ?
        """);
    private static final SqlTemplate FENCE = SqlTemplate.of(
            "UPDATE walshift.migration SET fence = pg_current_xact_id(), updated_at = now() WHERE id = ? RETURNING"
                    + " fence");
    private static final SqlTemplate MARK = SqlTemplate.of("""
        SELECT format('walshift migration %s, begun %s', id, extract(epoch FROM created_at))
          FROM walshift.migration
         WHERE id = ?
        """);
    private static final SqlTemplate SAVE_RELATION = SqlTemplate.of("""
        INSERT INTO walshift.relation (migration_id, source_oid, blueprint) VALUES (?, ?, ?)
        ON CONFLICT (migration_id, source_oid) DO UPDATE SET blueprint = excluded.blueprint
        """);
    private static final SqlTemplate RELATIONS =
            SqlTemplate.of("SELECT blueprint FROM walshift.relation WHERE migration_id = ? ORDER BY source_oid");
    private static final SqlTemplate FORGET = SqlTemplate.of("""
        WITH relations AS (DELETE FROM walshift.relation WHERE migration_id = ?),
             stripes AS (DELETE FROM walshift.stripe WHERE migration_id = ?),
             scans AS (DELETE FROM walshift.verify_scan WHERE migration_id = ?),
             paces AS (DELETE FROM walshift.pace WHERE migration_id = ?)
        DELETE FROM walshift.stream WHERE migration_id = ?
        """);
    private static final SqlTemplate SAVE_DURABLE = SqlTemplate.of("""
        INSERT INTO walshift.stream (migration_id, durable_lsn) VALUES (?, ?::pg_lsn)
        ON CONFLICT (migration_id) DO UPDATE SET durable_lsn = excluded.durable_lsn
        """);
    private static final SqlTemplate DURABLE =
            SqlTemplate.of("SELECT durable_lsn FROM walshift.stream WHERE migration_id = ?");
    private static final SqlTemplate AS_THE_APPLICATION = SqlTemplate.of("SET LOCAL synchronous_commit TO DEFAULT");
    private static final SqlTemplate TOUCH =
            SqlTemplate.of("UPDATE walshift.migration SET updated_at = now() WHERE id = ?");
    private static final SqlTemplate LOCAL = SqlTemplate.of("SET LOCAL synchronous_commit = local");
    private static final SqlTemplate POSITION = SqlTemplate.of("""
        SELECT concat_ws(' ', m.state,
                         (SELECT sum(next_page) FROM walshift.stripe WHERE migration_id = m.id),
                         (SELECT sum(next_page) FROM walshift.verify_scan WHERE migration_id = m.id))
          FROM walshift.migration m
         WHERE m.id = ?
        """);
    private static final SqlTemplate HAS_LOCK = SqlTemplate.of("""
        SELECT EXISTS (SELECT FROM pg_locks l
                        WHERE l.locktype = 'advisory' AND l.granted AND l.pid = ?
                          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                          AND (l.classid::bigint << 32) | l.objid::bigint
                              = hashtextextended('walshift migration of ' || ?, 0))
        """);
    private static final SqlTemplate TRY_LOCK =
            SqlTemplate.of("SELECT pg_try_advisory_lock(hashtextextended('walshift migration of ' || ?, 0))");

    /**
     * A migration as the journal has it.
     *
     * @param relation the migrated table, quoted
     * @param statement what was asked for, for people
     * @param request what was asked for, as JSON of the conductor's
     */
    public record Entry(long id, String relation, String statement, String request, MigrationState state) {}

    /**
     * A migration that is not over.
     *
     * @param relation the migrated table, quoted
     * @param state as the journal calls it
     * @param mark of what it made: {@link Journal#mark}
     * @param running whether a process works on its table now
     */
    public record Unfinished(long id, String relation, String state, String mark, boolean running) {}

    /** Makes the schema on first use; one transaction. */
    public void create(Session session) throws SQLException {
        session.transact(tx -> {
            tx.query(SERIALIZE, row -> 1);
            Optional<String> version = tx.queryOne(FOUND_VERSION, row -> Optional.ofNullable(row.getString(1)));
            if (version.isPresent() && !version.get().equals(VERSION)) {
                throw new MigrationException(
                        ProblemCode.JOURNAL_MISMATCH,
                        "schema walshift holds \"%s\", this program writes \"%s\"".formatted(version.get(), VERSION),
                        "Use the version of walshift that made it, or finish its migrations and drop the schema.");
            }
            if (!exists(tx)) {
                tx.execute(CREATE.with("version", SqlText.literal(VERSION)));
            }
        });
    }

    public boolean exists(Session session) throws SQLException {
        return session.queryOne(EXISTS, row -> row.getBoolean(1));
    }

    /**
     * Takes the right to work on a table's migration, for as long as the session lives.
     *
     * @return false if another process has it
     */
    public boolean tryLock(Session session, String relation) throws SQLException {
        return session.queryOne(TRY_LOCK, row -> row.getBoolean(1), relation);
    }

    /**
     * Whether a session has the right that {@link #tryLock} gave it.
     *
     * @param session any
     * @param pid the server process behind the session that took it
     */
    public boolean hasLock(Session session, int pid, String relation) throws SQLException {
        return session.queryOne(HAS_LOCK, row -> row.getBoolean(1), pid, relation);
    }

    /** Another text whenever the migration has come further. */
    public String position(Session session, long id) throws SQLException {
        return session.queryOne(POSITION, row -> row.getString(1), id);
    }

    /** Notes a new migration, in state {@link MigrationState.Preparing}; returns its id. */
    public long begin(Session session, String relation, String statement, String request) throws SQLException {
        return session.queryOne(
                BEGIN_MIGRATION,
                row -> row.getLong(1),
                relation,
                statement,
                request,
                name(new MigrationState.Preparing()));
    }

    /** Notes how the migration is to go on. */
    public void saveRequest(Session session, long id, String request) throws SQLException {
        session.update(SAVE_REQUEST, request, id);
    }

    /** The migration of this table that has not ended, if there is one. */
    public Optional<Entry> unfinished(Session session, String relation) throws SQLException {
        return session.queryFirst(UNFINISHED, Journal::entry, relation);
    }

    /** All migrations that are not over. */
    public List<Unfinished> allUnfinished(Session session) throws SQLException {
        return session.query(
                ALL_UNFINISHED,
                row -> new Unfinished(
                        row.getLong(1), row.getString(2), row.getString(3), row.getString(4), row.getBoolean(5)));
    }

    /** The migration of this number, if there is one. */
    public Optional<Entry> find(Session session, long id) throws SQLException {
        return session.queryFirst(LOAD, Journal::entry, id);
    }

    /** The migration as it is now; waits for a transaction that is changing it, such as a swap whose COMMIT nobody saw end. */
    public Entry load(Session session, long id) throws SQLException {
        return session.queryOne(LOAD, Journal::entry, id);
    }

    /**
     * Moves a migration to its next state.
     *
     * @throws IllegalStateException if the move is not a legal one
     */
    public void save(Session session, long id, MigrationState next) throws SQLException {
        MigrationState current = load(session, id).state();
        if (!current.mayBecome(next)) {
            throw new IllegalStateException("migration %d can't go from %s to %s".formatted(id, current, next));
        }
        Optional<MigrationState.Failed> failure = switch (next) {
            case MigrationState.Failed failed -> Optional.of(failed);
            case MigrationState.Removing removing ->
                Optional.of(new MigrationState.Failed(removing.code(), removing.problem(), removing.remedy()));
            case MigrationState.Differs differs ->
                Optional.of(
                        new MigrationState.Failed(ProblemCode.DIFFERENCE_FOUND, differs.problem(), differs.remedy()));
            default -> Optional.empty();
        };
        session.update(
                SAVE,
                name(next),
                next instanceof MigrationState.Copying copying
                        ? copying.fence().first().toString()
                        : null,
                failure.map(failed -> failed.code().name()).orElse(null),
                failure.map(MigrationState.Failed::problem).orElse(null),
                failure.map(MigrationState.Failed::remedy).orElse(null),
                id);
    }

    /**
     * Draws the fence: a transaction of its own, whose xid is therefore assigned after the slot exists and which is on the disk
     * when this returns.
     */
    public XidFence drawFence(Session session, long id) throws SQLException {
        return session.inTransaction(Isolation.READ_COMMITTED, tx -> {
            tx.execute(LOCAL);
            return new XidFence(Xid.parse(tx.queryOne(FENCE, row -> row.getString(1), id)));
        });
    }

    /**
     * Waits for the standbys as a commit of the application's would (synchronous_commit, synchronous_standby_names), so that what is
     * reported as done outlives a failover as the application's own commits do. Outside a transaction; holds nothing but the entry.
     */
    public void awaitStandbys(Session session, long id) throws SQLException {
        session.transact(tx -> {
            tx.execute(AS_THE_APPLICATION);
            tx.update(TOUCH, id);
        });
    }

    /** What marks a schema as this migration's own, so that no other one of its name is ever dropped. */
    public String mark(Session session, long id) throws SQLException {
        return session.queryOne(MARK, row -> row.getString(1), id);
    }

    /** The number of the migration that left this mark; empty if it is none. */
    public static Optional<Long> markedBy(String mark) {
        return Optional.of(MARKED.matcher(mark))
                .filter(Matcher::matches)
                .map(matched -> Long.parseLong(matched.group(1)));
    }

    public void saveRelation(Session session, long id, Blueprint blueprint) throws SQLException {
        session.update(SAVE_RELATION, id, blueprint.source().oid(), JournalJson.write(blueprint));
    }

    public List<Blueprint> relations(Session session, long id) throws SQLException {
        return session.query(RELATIONS, row -> JournalJson.read(row.getString(1), Blueprint.class), id);
    }

    /** Drops what only a running migration needs; its entry stays as history. */
    public void forgetDetails(Session session, long id) throws SQLException {
        session.update(FORGET, id, id, id, id, id);
    }

    /** In the transaction that makes keys durable: up to where the stream's keys are in the key log. */
    public void saveDurable(Session transaction, long id, Lsn durable) throws SQLException {
        transaction.update(SAVE_DURABLE, id, durable);
    }

    public Optional<Lsn> durable(Session session, long id) throws SQLException {
        return session.queryFirst(DURABLE, row -> Lsn.parse(row.getString(1)), id);
    }

    private static Entry entry(ResultSet row) throws SQLException {
        return new Entry(row.getLong(1), row.getString(2), row.getString(3), row.getString(4), state(row));
    }

    private static String name(MigrationState state) {
        return switch (state) {
            case MigrationState.Preparing preparing -> "PREPARING";
            case MigrationState.Copying copying -> "COPYING";
            case MigrationState.Indexing indexing -> "INDEXING";
            case MigrationState.CatchingUp catchingUp -> "CATCHING_UP";
            case MigrationState.Differs differs -> "DIFFERS";
            case MigrationState.Swapped swapped -> "SWAPPED";
            case MigrationState.Finished finished -> "FINISHED";
            case MigrationState.Removing removing -> "REMOVING";
            case MigrationState.Failed failed -> "FAILED";
        };
    }

    private static MigrationState state(ResultSet row) throws SQLException {
        String name = row.getString("state");
        return switch (name) {
            case "PREPARING" -> new MigrationState.Preparing();
            case "COPYING" -> new MigrationState.Copying(new XidFence(Xid.parse(row.getString("fence"))));
            case "INDEXING" -> new MigrationState.Indexing();
            case "CATCHING_UP" -> new MigrationState.CatchingUp();
            case "DIFFERS" -> new MigrationState.Differs(row.getString("problem"), row.getString("remedy"));
            case "SWAPPED" -> new MigrationState.Swapped();
            case "FINISHED" -> new MigrationState.Finished();
            case "REMOVING" ->
                new MigrationState.Removing(
                        ProblemCode.valueOf(row.getString("problem_code")),
                        row.getString("problem"),
                        row.getString("remedy"));
            case "FAILED" ->
                new MigrationState.Failed(
                        ProblemCode.valueOf(row.getString("problem_code")),
                        row.getString("problem"),
                        row.getString("remedy"));
            default ->
                throw new MigrationException(
                        ProblemCode.JOURNAL_MISMATCH,
                        "the journal holds an unknown state: " + name,
                        "Use the version of walshift that wrote it.");
        };
    }
}
