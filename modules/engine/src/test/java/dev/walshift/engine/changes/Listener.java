package dev.walshift.engine.changes;

import static dev.walshift.engine.Patience.await;

import dev.walshift.postgres.Lsn;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.Xid;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Reads a stream and remembers all that it said. One thread. */
final class Listener implements AutoCloseable {
    private static final Duration SOON = Duration.ofMillis(100);

    private final StreamedTables tables;
    private final ChangeStream stream;
    private final List<ChangedKey> keys = new ArrayList<>();
    private final List<String> markers = new ArrayList<>();
    private final List<Long> truncated = new ArrayList<>();
    private Lsn end = Lsn.ZERO;

    Listener(StreamedTables tables, ChangeStream stream) {
        this.tables = tables;
        this.stream = stream;
    }

    /** One poll. */
    Optional<ChangeBatch> hear() throws SQLException {
        Optional<ChangeBatch> heard = stream.poll(SOON);
        heard.ifPresent(batch -> {
            keys.addAll(batch.keys());
            markers.addAll(batch.markers());
            truncated.addAll(batch.truncated());
            end = batch.end();
        });
        return heard;
    }

    /** Everything that is committed now: up to a marker. */
    Listener catchUp() throws SQLException {
        String content = UUID.randomUUID().toString();
        try (Session session = tables.database().open("marker")) {
            new Marker(StreamedTables.MARKER_PREFIX, content).emit(session);
        }
        await().pollDelay(Duration.ZERO).until(() -> {
            hear();
            return markers.contains(content);
        });
        return this;
    }

    /** Confirms all that was heard, and returns when the server knows. */
    void confirm() throws SQLException {
        confirm(end);
    }

    void confirm(Lsn durable) throws SQLException {
        stream.confirm(durable);
        await().until(() -> !durable.isAfter(tables.confirmed()));
    }

    List<ChangedKey> keys() {
        return keys;
    }

    /** A table's keys, their columns separated by blanks. */
    List<String> keysOf(long table) {
        return keys.stream()
                .filter(key -> key.relation() == table)
                .map(key -> String.join(" ", key.values()))
                .toList();
    }

    /** The transactions, each once for each of its keys. */
    List<Xid> xids() {
        return keys.stream().map(ChangedKey::xid).toList();
    }

    List<String> markers() {
        return markers;
    }

    List<Long> truncated() {
        return truncated;
    }

    Lsn end() {
        return end;
    }

    /** Returns when the slot is free: the walsender notices a little later. */
    @Override
    public void close() throws SQLException {
        stream.close();
        await().pollDelay(Duration.ZERO).until(() -> !tables.isSlotInUse());
    }
}
