package dev.walshift.engine.rules;

import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.PostgresServer.StopMode;
import dev.walshift.testkit.TestDatabase;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Sets a server's transaction counter forward, as {@code pg_resetwal --next-transaction-id} does, which the server archives don't hold:
 * writes it into the control file and into the shutdown checkpoint in the WAL, which is where the next start takes it from.
 *
 * <p>Nothing else is changed, so the server finds itself as after billions of transactions, and its own rules hold: no transaction may be
 * older than 2^31, so freeze everything between two steps.
 */
@SuppressWarnings("ByteBufferBackingArray") // every buffer here wraps a whole array
public final class XidCounter {
    /** Transactions on one page of pg_xact: at its start the server makes the page, and looks for no older one. */
    static final long PAGE = 8192 * 4;

    // ControlFileData (src/include/catalog/pg_control.h), the same from 14 to 18.
    private static final int CHECKPOINT_LSN = 32;
    private static final int CHECKPOINT_COPY = 40;
    private static final int CHECKPOINT_BYTES = 32;
    private static final int CONTROL_MAX_BYTES = 512;
    // CheckPoint, in the same file.
    private static final int TIMELINE = 8;
    private static final int NEXT_XID = 24;
    // XLogRecord (src/include/access/xlogrecord.h).
    private static final int RECORD_CRC = 20;
    private static final int RECORD_HEADER = 24;
    private static final int RECORD_DATA = RECORD_HEADER + 2;
    private static final int WAL_PAGE = 8192;
    private static final long SEGMENT = 16L * 1024 * 1024;
    private static final int STARTS = 5;

    private XidCounter() {}

    /**
     * Stops the server, sets the counter, and starts the server again.
     *
     * @param at least this, rounded up to a page of pg_xact
     */
    public static void advance(PostgresServer server, long at) throws SQLException, IOException {
        long next = (at + PAGE - 1) / PAGE * PAGE;
        Path data = dataDirectory(server);
        for (int start = 0; start < STARTS; start++) {
            server.stop(StopMode.FAST);
            boolean done = patch(data, next);
            server.startAgain();
            if (done) {
                return;
            }
            // The checkpoint's record lies on two pages of WAL; the next one will not.
        }
        throw new IllegalStateException("no checkpoint that could be changed");
    }

    /** Freezes all rows of all databases, so that the counter may be set forward by up to 2^31 again. */
    public static void freeze(PostgresServer server) throws SQLException {
        List<String> databases = new ArrayList<>();
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            // Only if need be: it takes a transaction id, and there may be none left.
            statement.execute("""
                DO $$
                BEGIN
                    IF EXISTS (SELECT FROM pg_database WHERE datname = 'template0' AND NOT datallowconn) THEN
                        ALTER DATABASE template0 ALLOW_CONNECTIONS true;
                    END IF;
                END $$
                """);
            try (ResultSet rows = statement.executeQuery("SELECT datname FROM pg_database")) {
                while (rows.next()) {
                    databases.add(rows.getString(1));
                }
            }
        }
        for (String name : databases) {
            try (Connection connection = server.connect(server.user(), name);
                    Statement statement = connection.createStatement()) {
                // To truncate a file takes an xid (LogAccessExclusiveLock, src/backend/storage/ipc/standby.c), and
                // there may be
                // none left.
                statement.execute("VACUUM (FREEZE, TRUNCATE off)");
            }
        }
    }

    /** Uses up transactions one by one, so that a snapshot's next one is {@code to}. */
    static void burn(TestDatabase database, long to) throws SQLException {
        database.execute(
                "SET synchronous_commit = off",
                "DO $$ BEGIN WHILE pg_current_xact_id() < '%d' LOOP COMMIT; END LOOP; END $$".formatted(to - 1));
    }

    private static Path dataDirectory(PostgresServer server) throws SQLException {
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SHOW data_directory")) {
            rows.next();
            return Path.of(rows.getString(1));
        }
    }

    private static boolean patch(Path data, long nextXid) throws IOException {
        Path controlFile = data.resolve("global").resolve("pg_control");
        ByteBuffer control = read(controlFile);
        int crcAt = controlCrc(control);
        long lsn = control.getLong(CHECKPOINT_LSN);
        Path segment = data.resolve("pg_wal")
                .resolve("%08X%08X%08X"
                        .formatted(
                                control.getInt(CHECKPOINT_COPY + TIMELINE),
                                lsn / SEGMENT / (0x1_0000_0000L / SEGMENT),
                                lsn / SEGMENT % (0x1_0000_0000L / SEGMENT)));
        ByteBuffer wal = read(segment);
        int record = Math.toIntExact(lsn % SEGMENT);
        int length = wal.getInt(record);
        if (record % WAL_PAGE + length > WAL_PAGE) {
            return false;
        }
        check(
                wal.getInt(record + RECORD_CRC) == recordCrc(wal, record, length)
                        && wal.slice(record + RECORD_DATA, CHECKPOINT_BYTES)
                                .equals(control.slice(CHECKPOINT_COPY, CHECKPOINT_BYTES)),
                "the checkpoint's record is not where the control file says");
        check(nextXid > control.getLong(CHECKPOINT_COPY + NEXT_XID), "the counter can't be set back");
        wal.putLong(record + RECORD_DATA + NEXT_XID, nextXid);
        wal.putInt(record + RECORD_CRC, recordCrc(wal, record, length));
        control.putLong(CHECKPOINT_COPY + NEXT_XID, nextXid);
        control.putInt(crcAt, crc(control, 0, crcAt));
        Files.write(segment, wal.array());
        Files.write(controlFile, control.array());
        return true;
    }

    private static ByteBuffer read(Path file) throws IOException {
        return ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.nativeOrder());
    }

    /** The checksum is the control file's last member: where the bytes before it have it. */
    private static int controlCrc(ByteBuffer control) {
        for (int at = CHECKPOINT_COPY + CHECKPOINT_BYTES; at < CONTROL_MAX_BYTES; at += Integer.BYTES) {
            if (control.getInt(at) == crc(control, 0, at)) {
                return at;
            }
        }
        throw new IllegalStateException("the control file has no checksum");
    }

    /** Of the record's data first, and then of its header up to the checksum. */
    private static int recordCrc(ByteBuffer wal, int record, int length) {
        CRC32C crc = new CRC32C();
        crc.update(wal.array(), record + RECORD_HEADER, length - RECORD_HEADER);
        crc.update(wal.array(), record, RECORD_CRC);
        return (int) crc.getValue();
    }

    private static int crc(ByteBuffer bytes, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.array(), from, length);
        return (int) crc.getValue();
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalStateException(otherwise);
        }
    }
}
