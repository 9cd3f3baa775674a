package dev.walshift.engine.changes;

import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.rules.HandMadeBlueprint;
import dev.walshift.engine.rules.Scene;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Lsn;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.Xid;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;

/**
 * A database with two published tables: {@code {a}}, whose key is {@code "order"}, and {@code {b}}, whose key has two columns in another
 * order than the table; and one that is not published, {@code {c}}. One thread.
 */
final class StreamedTables implements AutoCloseable {
    static final String MARKER_PREFIX = "walshift \"test\"";

    private static final QualifiedName A = Scene.SOURCE;
    private static final QualifiedName B = new QualifiedName(A.schema(), new Identifier("Second \"table\""));
    private static final QualifiedName C = new QualifiedName(A.schema(), new Identifier("Unpublished"));
    private static final SqlTemplate OWN_XID = SqlTemplate.of("SELECT pg_current_xact_id()::text");
    private static final SqlTemplate NEXT_XID = SqlTemplate.of("SELECT pg_snapshot_xmax(pg_current_snapshot())::text");
    private static final SqlTemplate WRITTEN = SqlTemplate.of("SELECT pg_current_wal_lsn()::text");
    private static final SlotName SLOT =
            new SlotName(new Identifier("walshift_contract"), new Identifier("Publication of the \"contract\""));

    private final TestDatabase testDatabase;
    private final Database database;
    private final Session session;
    private final Blueprint a;
    private final Blueprint b;

    StreamedTables(ServerVersion version) throws SQLException {
        testDatabase = SharedServers.freshDatabase(version);
        database = Scene.database(testDatabase);
        session = database.openAsUser("application");
        session.execute(SqlTemplate.of("CREATE SCHEMA {s}").with("s", A.schema()));
        execute(
                "CREATE TABLE {a} (\"order\" int PRIMARY KEY, v text)",
                "CREATE TABLE {b} (v text, \"order\" int, \"Group by\" text, PRIMARY KEY (\"Group by\", \"order\"))",
                "CREATE TABLE {c} (\"order\" int PRIMARY KEY, v text)");
        a = HandMadeBlueprint.of(session, A, List.of(new Identifier("order")), 1);
        b = HandMadeBlueprint.of(session, B, List.of(new Identifier("Group by"), new Identifier("order")), 2);
        session.transact(tx -> Publication.create(tx, SLOT, List.of(a, b), Journal.MARK_BEGINS));
    }

    Database database() {
        return database;
    }

    /** A connection for replication on which a setting has another value. */
    Connection connectForReplication(String setting) throws SQLException {
        return DriverManager.getConnection(testDatabase.url()
                + "&replication=database&preferQueryMode=simple&assumeMinServerVersion=9.4&options=-c%20" + setting);
    }

    SlotName slot() {
        return SLOT;
    }

    long a() {
        return a.source().oid();
    }

    long b() {
        return b.source().oid();
    }

    List<StreamedTable> tables() {
        return List.of(new StreamedTable(a(), List.of("order")), new StreamedTable(b(), List.of("Group by", "order")));
    }

    /** Empties the tables, and makes a slot that begins behind that. */
    void startOver() throws SQLException {
        ReplicationSlot.drop(session, SLOT);
        execute("TRUNCATE {a}, {b}, {c}");
        ReplicationSlot.create(session, SLOT);
    }

    /** A statement in which {@code {a}}, {@code {b}} and {@code {c}} are the tables. */
    static SqlPart sql(String statement) {
        SqlTemplate template = SqlTemplate.of(statement);
        template = statement.contains("{a}") ? template.with("a", A) : template;
        template = statement.contains("{b}") ? template.with("b", B) : template;
        return statement.contains("{c}") ? template.with("c", C) : template;
    }

    /** Each statement is a transaction, or part of the one that an earlier one has begun. */
    void execute(String... statements) throws SQLException {
        for (String statement : statements) {
            session.execute(sql(statement));
        }
    }

    Session session() {
        return session;
    }

    /** Of the transaction that is open. */
    Xid ownXid() throws SQLException {
        return Xid.parse(session.queryOne(OWN_XID, row -> row.getString(1)));
    }

    Xid nextXid() throws SQLException {
        return Xid.parse(session.queryOne(NEXT_XID, row -> row.getString(1)));
    }

    /** Where the WAL ends. */
    Lsn written() throws SQLException {
        return Lsn.parse(session.queryOne(WRITTEN, row -> row.getString(1)));
    }

    Lsn confirmed() throws SQLException {
        return ReplicationSlot.state(session, SLOT).orElseThrow().confirmed();
    }

    boolean isSlotInUse() throws SQLException {
        return ReplicationSlot.state(session, SLOT).orElseThrow().active();
    }

    @Override
    public void close() throws SQLException {
        session.close();
        testDatabase.close();
    }
}
