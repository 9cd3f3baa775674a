package dev.walshift.engine.changes;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.postgres.Lsn;
import dev.walshift.postgres.Xid;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads pgoutput's messages, protocol version 1 with messages (PostgreSQL documentation, "Logical Replication Message Formats";
 * src/backend/replication/logical/proto.c), and keeps what a migration wants: keys, markers, truncations.
 *
 * <p>One thread.
 */
final class PgoutputDecoder {
    private final Map<Long, StreamedTable> tables = new HashMap<>();
    private final Map<Long, int[]> keyPositions = new HashMap<>();
    private final String markerPrefix;

    private Xid near;
    private Xid transaction;
    private boolean inTransaction;
    private Lsn end;
    private List<ChangedKey> keys = new ArrayList<>();
    private List<String> markers = new ArrayList<>();
    private List<String> openMarkers = new ArrayList<>();
    private List<Long> truncated = new ArrayList<>();

    /**
     * Reads a stream from its start.
     *
     * @param markerPrefix the prefix of our own logical messages
     * @param near a transaction of about now, to widen the stream's 32-bit xids
     * @param start where the stream starts
     */
    PgoutputDecoder(List<StreamedTable> tables, String markerPrefix, Xid near, Lsn start) {
        tables.forEach(table -> this.tables.put(table.oid(), table));
        this.markerPrefix = markerPrefix;
        this.near = near;
        this.transaction = near;
        this.end = start;
    }

    /** Takes in one message. */
    void read(ByteBuffer message) {
        char kind = (char) message.get();
        switch (kind) {
            case 'B' -> begin(message);
            case 'C' -> commit(message);
            case 'R' -> relation(message);
            case 'I' -> insert(message);
            case 'U' -> update(message);
            case 'D' -> delete(message);
            case 'T' -> truncate(message);
            case 'M' -> logicalMessage(message);
            case 'O', 'Y' -> {
                // An origin's or a type's name: a key needs neither.
            }
            default -> throw broken("unknown message kind " + kind);
        }
    }

    /** Between transactions, the server has sent everything up to {@code received}. */
    void idleAt(Lsn received) {
        if (!inTransaction) {
            end = Lsn.max(end, received);
        }
    }

    int pendingKeys() {
        return keys.size();
    }

    boolean hasMarkers() {
        return !markers.isEmpty();
    }

    /** Hands over what was gathered. */
    ChangeBatch take() {
        ChangeBatch batch = new ChangeBatch(keys, markers, truncated, end);
        keys = new ArrayList<>();
        markers = new ArrayList<>();
        truncated = new ArrayList<>();
        return batch;
    }

    private void begin(ByteBuffer message) {
        message.position(message.position() + 16); // final LSN, commit time
        transaction = Xid.widen(message.getInt(), near);
        if (transaction.compareTo(near) > 0) {
            near = transaction;
        }
        inTransaction = true;
    }

    private void commit(ByteBuffer message) {
        message.get(); // flags
        message.getLong(); // LSN of the commit record
        end = Lsn.max(end, new Lsn(message.getLong()));
        inTransaction = false;
        // Only now: everything that committed before the marker's own transaction has been seen.
        markers.addAll(openMarkers);
        openMarkers = new ArrayList<>();
    }

    private void relation(ByteBuffer message) {
        long oid = oid(message);
        StreamedTable table = tables.get(oid);
        if (table == null) {
            return;
        }
        string(message); // schema
        string(message); // name
        message.get(); // replica identity
        int columns = message.getShort();
        int[] positions = new int[table.keyColumns().size()];
        Arrays.fill(positions, -1);
        for (int i = 0; i < columns; i++) {
            message.get(); // flags
            int position = table.keyColumns().indexOf(string(message));
            message.position(message.position() + 8); // type, typmod
            if (position >= 0) {
                positions[position] = i;
            }
        }
        if (Arrays.stream(positions).anyMatch(position -> position < 0)) {
            throw new MigrationException(
                    ProblemCode.SOURCE_CHANGED,
                    "the change stream no longer carries the identity key %s of the table with oid %d"
                            .formatted(table.keyColumns(), oid),
                    "Somebody renamed or dropped a key column or changed the publication. Start the migration again.");
        }
        keyPositions.put(oid, positions);
    }

    private void insert(ByteBuffer message) {
        long oid = oid(message);
        if (tables.containsKey(oid)) {
            message.get(); // 'N'
            add(oid, key(oid, tuple(message), null));
        }
    }

    /** An update carries the old key only if the key changed; else the new row's key is the row's key. */
    private void update(ByteBuffer message) {
        long oid = oid(message);
        if (!tables.containsKey(oid)) {
            return;
        }
        char kind = (char) message.get();
        byte @Nullable [] @Nullable [] old = null;
        if (kind == 'K' || kind == 'O') {
            old = tuple(message);
            message.get(); // 'N'
        }
        List<String> current = key(oid, tuple(message), old);
        add(oid, current);
        if (old != null) {
            List<String> former = key(oid, old, null);
            if (!former.equals(current)) {
                add(oid, former);
            }
        }
    }

    private void delete(ByteBuffer message) {
        long oid = oid(message);
        if (tables.containsKey(oid)) {
            message.get(); // 'K' or 'O'
            add(oid, key(oid, tuple(message), null));
        }
    }

    private void truncate(ByteBuffer message) {
        int relations = message.getInt();
        message.get(); // options
        for (int i = 0; i < relations; i++) {
            long oid = oid(message);
            if (tables.containsKey(oid)) {
                truncated.add(oid);
            }
        }
    }

    private void logicalMessage(ByteBuffer message) {
        boolean transactional = (message.get() & 1) != 0;
        message.getLong(); // LSN
        if (transactional && string(message).equals(markerPrefix)) {
            openMarkers.add(text(message));
        }
    }

    private void add(long oid, List<String> key) {
        keys.add(new ChangedKey(oid, transaction, key));
    }

    /**
     * The key's values of a row.
     *
     * @param old where to find a value that {@code row} leaves out because it is TOASTed and unchanged
     */
    private List<String> key(long oid, byte[] @Nullable [] row, byte @Nullable [] @Nullable [] old) {
        int[] positions = Optional.ofNullable(keyPositions.get(oid))
                .orElseThrow(() -> broken("a change of relation %d came before its description".formatted(oid)));
        String[] values = new String[positions.length];
        for (int i = 0; i < positions.length; i++) {
            byte[] value = row[positions[i]];
            if (value == null && old != null) {
                value = old[positions[i]];
            }
            if (value == null) {
                throw broken("a change of relation %d came without its key".formatted(oid));
            }
            values[i] = new String(value, UTF_8);
        }
        return List.of(values);
    }

    /** The columns' text; null where the column is NULL, or TOASTed and unchanged. A key column is never NULL itself. */
    private static byte[] @Nullable [] tuple(ByteBuffer message) {
        int columns = message.getShort();
        byte[] @Nullable [] row = new byte[columns] @Nullable [];
        for (int i = 0; i < columns; i++) {
            char kind = (char) message.get();
            switch (kind) {
                case 'n', 'u' -> row[i] = null;
                case 't' -> row[i] = bytes(message);
                default -> throw broken("unknown column kind " + kind);
            }
        }
        return row;
    }

    private static byte[] bytes(ByteBuffer message) {
        byte[] bytes = new byte[message.getInt()];
        message.get(bytes);
        return bytes;
    }

    private static String text(ByteBuffer message) {
        return new String(bytes(message), UTF_8);
    }

    private static long oid(ByteBuffer message) {
        return Integer.toUnsignedLong(message.getInt());
    }

    private static String string(ByteBuffer message) {
        int start = message.position();
        int length = 0;
        while (message.get(start + length) != 0) {
            length++;
        }
        byte[] bytes = new byte[length];
        message.get(bytes);
        message.get(); // the NUL
        return new String(bytes, UTF_8);
    }

    private static MigrationException broken(String what) {
        return new MigrationException(
                ProblemCode.STREAM_FAILED,
                "the change stream can't be understood: " + what,
                "Please report this with the server's version; the source table is untouched.");
    }
}
