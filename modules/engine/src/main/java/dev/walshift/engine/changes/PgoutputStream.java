package dev.walshift.engine.changes;

import dev.walshift.postgres.Database;
import dev.walshift.postgres.Lsn;
import dev.walshift.postgres.Xid;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.postgresql.PGConnection;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;

/**
 * The change stream read straight from the server by its replication protocol, decoded by {@code pgoutput}.
 *
 * <p>Only {@link #confirm} moves the slot: pgjdbc's own {@code automaticFlush} would confirm positions from keepalives that we have
 * not made durable.
 */
public final class PgoutputStream implements ChangeStream {
    /** A batch is handed over at this size although more is pending: bounds the memory. */
    private static final int MAX_KEYS = 20_000;

    /** How often an idle stream is looked at: readPending does not block, and read would never return. */
    private static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Connection connection;
    private final PGReplicationStream stream;
    private final PgoutputDecoder decoder;
    private Lsn delivered;

    private PgoutputStream(Connection connection, PGReplicationStream stream, PgoutputDecoder decoder, Lsn start) {
        this.connection = connection;
        this.stream = stream;
        this.decoder = decoder;
        this.delivered = start;
    }

    /**
     * Starts reading {@code slot} from where it was confirmed.
     *
     * @param near a transaction of about now
     * @throws SQLException if the slot is gone, in use or lost its WAL, or the publication is gone
     */
    public static PgoutputStream open(
            Database database, SlotName slot, List<StreamedTable> tables, String markerPrefix, Xid near)
            throws SQLException {
        Connection connection = database.openReplication();
        try {
            PGReplicationStream stream = connection
                    .unwrap(PGConnection.class)
                    .getReplicationAPI()
                    .replicationStream()
                    .logical()
                    .withSlotName(slot.slot().name())
                    .withSlotOption("proto_version", 1)
                    .withSlotOption("publication_names", slot.publication().sql())
                    .withSlotOption("messages", true)
                    .withAutomaticFlush(false)
                    // A dead walsender is noticed when a status can't be written: readPending takes its end for
                    // silence.
                    .withStatusInterval(1, TimeUnit.SECONDS)
                    .start();
            return new PgoutputStream(
                    connection, stream, new PgoutputDecoder(tables, markerPrefix, near, Lsn.ZERO), Lsn.ZERO);
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
    }

    @Override
    public Optional<ChangeBatch> poll(Duration patience) throws SQLException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            readPending();
            ChangeBatch batch = decoder.take();
            if (!batch.keys().isEmpty()
                    || !batch.markers().isEmpty()
                    || !batch.truncated().isEmpty()
                    || batch.end().isAfter(delivered)) {
                delivered = batch.end();
                return Optional.of(batch);
            }
            if (System.nanoTime() >= deadline || Thread.currentThread().isInterrupted()) {
                return Optional.empty();
            }
            LockSupport.parkNanos(IDLE_NANOS);
        }
    }

    private void readPending() throws SQLException {
        while (decoder.pendingKeys() < MAX_KEYS && !decoder.hasMarkers()) {
            ByteBuffer message = stream.readPending();
            if (message == null) {
                // Nothing is pending, so what a keepalive said last is behind everything we have read.
                decoder.idleAt(new Lsn(stream.getLastReceiveLSN().asLong()));
                return;
            }
            decoder.read(message);
        }
    }

    @Override
    public void confirm(Lsn durable) throws SQLException {
        LogSequenceNumber lsn = LogSequenceNumber.valueOf(durable.value());
        stream.setFlushedLSN(lsn);
        stream.setAppliedLSN(lsn);
        stream.forceUpdateStatus();
    }

    /** Ends the walsender by closing the connection; waits for nothing. */
    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
