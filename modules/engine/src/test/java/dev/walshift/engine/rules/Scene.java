package dev.walshift.engine.rules;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.Patience;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.changes.ChangePump;
import dev.walshift.engine.changes.ChangeStream;
import dev.walshift.engine.changes.PgoutputStream;
import dev.walshift.engine.changes.Publication;
import dev.walshift.engine.changes.ReplicationSlot;
import dev.walshift.engine.changes.SlotName;
import dev.walshift.engine.changes.StreamedTable;
import dev.walshift.engine.copy.FencedCopy;
import dev.walshift.engine.index.IndexBuilder;
import dev.walshift.engine.journal.CopyProgress;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.journal.KeyBarrier;
import dev.walshift.engine.journal.KeyLog;
import dev.walshift.engine.journal.MigrationState;
import dev.walshift.engine.journal.VerifyProgress;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.engine.migration.Setup;
import dev.walshift.engine.pace.Pace;
import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.plan.Planner;
import dev.walshift.engine.sync.CatchUp;
import dev.walshift.engine.sync.ExactStep;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.XidFence;
import dev.walshift.engine.verify.Verifier;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import dev.walshift.postgres.Xid;
import dev.walshift.postgres.connect.ConnectionSettings;
import dev.walshift.postgres.connect.Connector;
import dev.walshift.testkit.TestDatabase;
import dev.walshift.testkit.workload.KeyKind;
import dev.walshift.testkit.workload.WorkloadTable;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

/**
 * A migration's objects and stages, of the production classes, for a test to go through step by step: so that it can do something of
 * the application's between two steps, or one step wrongly. One thread, where a method doesn't say otherwise.
 */
public final class Scene implements AutoCloseable {
    /** The table that all tests migrate; its name is 63 bytes of what breaks careless quoting. */
    public static final QualifiedName SOURCE =
            WorkloadTable.hostile(KeyKind.INT).name();

    /** What is on the way before a mutant does harm, or production code comes to its end. */
    static final Duration PATIENCE = Patience.PATIENCE;

    private static final SqlTemplate DATABASE_OID =
            SqlTemplate.of("SELECT oid::bigint FROM pg_database WHERE datname = current_database()");
    private static final SqlTemplate NEXT_XID = SqlTemplate.of("SELECT pg_snapshot_xmax(pg_current_snapshot())::text");
    private static final SqlTemplate OLDEST_XID =
            SqlTemplate.of("SELECT pg_snapshot_xmin(pg_current_snapshot())::text");
    private static final SqlTemplate PAGES =
            SqlTemplate.of("SELECT pg_relation_size({table}::regclass) / current_setting('block_size')::bigint");
    private static final SqlTemplate DIFFERENCES = SqlTemplate.of("""
        SELECT count(*)
          FROM ((SELECT s::text FROM ONLY {source} s EXCEPT ALL SELECT t::text FROM {shadow} t)
                UNION ALL
                (SELECT t::text FROM {shadow} t EXCEPT ALL SELECT s::text FROM ONLY {source} s)) AS d
        """);
    private static final SqlTemplate COUNT = SqlTemplate.of("SELECT count(*) FROM {table}");
    private static final SqlTemplate REPEATED_KEYS =
            SqlTemplate.of("SELECT count(*) - count(DISTINCT ({key})) FROM {shadow}");
    private static final SqlTemplate LOGGED = SqlTemplate.of("SELECT ROW({columns})::text FROM {log} ORDER BY log_id");

    private final Database database;
    private final Session session;
    private final Session application;
    private final Journal journal = new Journal();
    private final long migration;
    private final SlotName slot;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final StopSignal goOn = new StopSignal();
    private Blueprint table;

    /** What makes the objects of a migration, and the plan of what it made. */
    private interface Maker {
        Blueprint make(Scene scene) throws SQLException;
    }

    private Scene(TestDatabase testDatabase, Maker maker) throws SQLException {
        database = database(testDatabase);
        session = database.open("scene");
        opened.push(session);
        application = database.openAsUser("application");
        opened.push(application);
        journal.create(session);
        migration = journal.begin(session, SOURCE.sql(), "a test", "{}");
        slot = SlotName.of(session.queryOne(DATABASE_OID, row -> row.getLong(1)), migration);
        table = maker.make(this);
    }

    /** Shadow and key log for the table {@link #SOURCE}, nothing else. */
    static Scene of(TestDatabase database, String... key) throws SQLException {
        List<Identifier> columns = List.of(key).stream().map(Identifier::new).toList();
        return new Scene(database, scene -> scene.makeByHand(columns));
    }

    /** The same with publication and slot. */
    static Scene streaming(TestDatabase database, String... key) throws SQLException {
        Scene scene = of(database, key);
        scene.publish();
        Xid unused = scene.createSlot();
        return scene;
    }

    /** All that production prepares for a change of the table {@link #SOURCE}. */
    static Scene planned(TestDatabase database, String clause) throws SQLException {
        return new Scene(database, scene -> {
            AlterRequest request = new AlterRequest(Optional.of(SOURCE.sql()), List.of(clause), Map.of(), List.of());
            return scene.setup().create(scene.application, new Planner(scene.database), request, scene.slot);
        });
    }

    private Blueprint makeByHand(List<Identifier> key) throws SQLException {
        Blueprint made = HandMadeBlueprint.of(session, SOURCE, key, migration);
        HandMadeBlueprint.createShadow(session, made);
        new KeyLog(made).create(session);
        journal.saveRelation(session, migration, made);
        return made;
    }

    private Setup setup() {
        return new Setup(journal, migration, Scenario.SETTINGS, goOn);
    }

    /** As the command line opens it. */
    public static Database database(TestDatabase database) {
        Connector connector = new Connector(
                ConnectionSettings.resolve(Optional.of(database.url()), Map.of(), Path.of("no-home"), warning -> {}));
        return new Database(connector::connect, connector::connectForReplication);
    }

    Database database() {
        return database;
    }

    /** Sees only pg_catalog. */
    Session session() {
        return session;
    }

    Blueprint table() {
        return table;
    }

    SlotName slot() {
        return slot;
    }

    long migration() {
        return migration;
    }

    StopSignal goOn() {
        return goOn;
    }

    KeyLog keyLog() {
        return new KeyLog(table);
    }

    CopyProgress progress() {
        return new CopyProgress(migration, table.source().oid());
    }

    /** Statements of the application, each a transaction, in which {@code {t}} is the source. */
    void application(String... statements) throws SQLException {
        for (String statement : statements) {
            application.execute(sql(statement));
        }
    }

    /** A statement in which {@code {t}} is the source. */
    static SqlTemplate sql(String statement) {
        SqlTemplate template = SqlTemplate.of(statement);
        return statement.contains("{t}") ? template.with("t", SOURCE) : template;
    }

    void publish() throws SQLException {
        session.transact(tx -> Publication.create(tx, slot, List.of(table), journal.mark(tx, migration)));
    }

    /**
     * Creates the slot. Any thread.
     *
     * @return what the next transaction seemed to be right after that: the xmax of a snapshot
     */
    Xid createSlot() throws SQLException {
        try (Session own = database.open("slot")) {
            ReplicationSlot.create(own, slot);
            Xid next = nextXid(own);
            journal.saveDurable(
                    own,
                    migration,
                    ReplicationSlot.state(own, slot).orElseThrow().confirmed());
            return next;
        }
    }

    /** Fence, wait and page count as production does them. */
    XidFence beginCopy() throws SQLException {
        table = setup().beginCopy(session, table);
        return ((MigrationState.Copying) journal.load(session, migration).state()).fence();
    }

    /** A copy that begins with pages that a test has counted its own way. */
    void beginCopyOf(long pages) throws SQLException {
        session.transact(tx -> progress().begin(tx, pages));
    }

    long pages() throws SQLException {
        return session.queryOne(PAGES.with("table", SqlText.literal(SOURCE.sql())), row -> row.getLong(1));
    }

    Xid nextXid() throws SQLException {
        return nextXid(session);
    }

    /** Every older transaction has ended: the xmin of a snapshot. */
    Xid oldestXid() throws SQLException {
        return Xid.parse(session.queryOne(OLDEST_XID, row -> row.getString(1)));
    }

    private static Xid nextXid(Session session) throws SQLException {
        return Xid.parse(session.queryOne(NEXT_XID, row -> row.getString(1)));
    }

    /** Copies the next page that is not copied yet. */
    FencedCopy.Chunk copyPage(XidFence fence) throws SQLException {
        CopyProgress.Stripe stripe = progress().stripes(session).stream()
                .filter(candidate -> !candidate.isDone())
                .findFirst()
                .orElseThrow();
        return new FencedCopy(table, table.source(), fence, progress()).copy(session, stripe, 1);
    }

    /** Copies all pages that are not copied yet. */
    void copyRest(XidFence fence) throws SQLException {
        FencedCopy copy = new FencedCopy(table, table.source(), fence, progress());
        for (CopyProgress.Stripe stripe : progress().stripes(session)) {
            CopyProgress.Stripe next = stripe;
            while (!next.isDone()) {
                next = copy.copy(session, next, 20).stripe();
            }
        }
    }

    /** {@link #copyRest}, and builds the shadow's key. */
    void finishCopy(XidFence fence) throws SQLException {
        copyRest(fence);
        new IndexBuilder(database, table, () -> false).run(1, goOn);
    }

    /** The whole copy. */
    void copy() throws SQLException {
        finishCopy(beginCopy());
    }

    /** What reads the slot; the caller closes it. */
    PgoutputStream openStream() throws SQLException {
        List<String> keyColumns = table.key().columns().stream()
                .map(column -> column.source().name())
                .toList();
        return PgoutputStream.open(
                database,
                slot,
                List.of(new StreamedTable(table.source().oid(), keyColumns)),
                slot.slot().name(),
                nextXid());
    }

    /** Starts what carries keys from the stream to the key log, and returns what waits for it, for any thread. */
    KeyBarrier startPump() throws SQLException {
        return startPump(stream -> stream);
    }

    /** @param between stands between the stream and the pump */
    KeyBarrier startPump(UnaryOperator<ChangeStream> between) throws SQLException {
        ChangePump pump = new ChangePump(
                between.apply(openStream()),
                database.open("key log"),
                journal,
                migration,
                List.of(keyLog()),
                slot.slot().name(),
                journal.durable(session, migration).orElseThrow(),
                () -> {});
        opened.push(pump);
        pump.start();
        Session markers = database.open("marker");
        opened.push(markers);
        return () -> pump.mark(markers);
    }

    /** Ends the pump that was started last. */
    void stopPump() throws SQLException {
        close(opened.pop());
        close(opened.pop());
        // The walsender notices a little later.
        await().pollDelay(Duration.ZERO)
                .until(() -> !ReplicationSlot.state(session, slot).orElseThrow().active());
    }

    /** Waits until every key that is committed now is in the key log. */
    void settle(KeyBarrier barrier) throws SQLException {
        assertThat(barrier.pass(PATIENCE, goOn)).isTrue();
    }

    /** One exact step. Any thread. */
    ExactStep.Reached exactStep(KeyBarrier barrier, ExactStep.WhileEqual whileEqual) throws SQLException {
        try (CatchUp catchUp = CatchUp.open(database, keyLog(), barrier, new AtomicLong(), 1, Pace.FULL)) {
            return catchUp.exact(whileEqual, goOn);
        }
    }

    /** An exact step that must find source and shadow equal, byte for byte. */
    ExactStep.Reached exactStep(KeyBarrier barrier) throws SQLException {
        return exactStep(barrier, tx -> assertThat(differences(tx)).isZero());
    }

    /** An exact step; returns how many rows differed inside of it. */
    long differencesInExactStep(KeyBarrier barrier) throws SQLException {
        AtomicLong differences = new AtomicLong();
        ExactStep.Reached unused = exactStep(barrier, tx -> differences.set(differences(tx)));
        return differences.get();
    }

    /** The production comparison, in exact steps. */
    void verify(KeyBarrier barrier, VerifyMode mode) throws SQLException {
        verify(barrier, mode, exact -> exact);
    }

    /** @param around stands around each exact step */
    void verify(KeyBarrier barrier, VerifyMode mode, UnaryOperator<Verifier.ExactState> around) throws SQLException {
        if (state() instanceof MigrationState.Copying) {
            journal.save(session, migration, new MigrationState.Indexing());
            journal.save(session, migration, new MigrationState.CatchingUp());
        }
        try (CatchUp catchUp = CatchUp.open(database, keyLog(), barrier, new AtomicLong(), 1, Pace.FULL)) {
            new Verifier(table, journal, migration, 2, Pace.FULL)
                    .run(session, mode, around.apply(work -> catchUp.exact(work::run, goOn)), goOn);
        }
    }

    /** How far the comparison is. */
    List<VerifyProgress.Scan> scans() throws SQLException {
        return new VerifyProgress(migration, table.source().oid()).scans(session);
    }

    MigrationState state() throws SQLException {
        return journal.load(session, migration).state();
    }

    /** A statement in which {@code {t}} is the shadow, by somebody who must not. */
    void shadow(String statement) throws SQLException {
        session.execute(SqlTemplate.of(statement).with("t", table.shadow()));
    }

    /** The text of the query's first column, row by row. */
    List<String> query(SqlTemplate query) throws SQLException {
        return session.query(query, row -> row.getString(1));
    }

    /** Rows that only one of the two tables has, compared as text. */
    long differences(Session transaction) throws SQLException {
        return transaction.queryOne(
                DIFFERENCES.with("source", SOURCE).with("shadow", table.shadow()), row -> row.getLong(1));
    }

    long differences() throws SQLException {
        return differences(session);
    }

    long shadowRows() throws SQLException {
        return session.queryOne(COUNT.with("table", table.shadow()), row -> row.getLong(1));
    }

    /** Rows of the shadow beyond one for each key. */
    long repeatedKeys() throws SQLException {
        return session.queryOne(
                REPEATED_KEYS.with("key", table.key().targetColumns()).with("shadow", table.shadow()),
                row -> row.getLong(1));
    }

    /** The keys that wait, in the order in which they came: {@code (1)}, {@code (1,x)}. */
    List<String> loggedKeys() throws SQLException {
        return session.query(
                LOGGED.with("columns", table.key().logColumns()).with("log", table.keyLog()), row -> row.getString(1));
    }

    /** Gives up as production does. */
    void abort() throws SQLException {
        setup().remove(session, slot);
    }

    /** Removes publication, slot, shadow and key log too, so that another scene of the same table can follow. */
    @Override
    public void close() throws SQLException {
        try (Session last = database.open("close")) {
            while (!opened.isEmpty()) {
                close(opened.pop());
            }
            Publication.drop(last, slot);
            ReplicationSlot.drop(last, slot);
            HandMadeBlueprint.dropShadow(last, table);
        }
    }

    private static void close(AutoCloseable resource) throws SQLException {
        try {
            resource.close();
        } catch (SQLException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
