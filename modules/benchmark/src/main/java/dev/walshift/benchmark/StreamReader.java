package dev.walshift.benchmark;

import dev.walshift.engine.changes.ChangeBatch;
import dev.walshift.engine.changes.PgoutputStream;
import dev.walshift.engine.changes.SlotName;
import dev.walshift.engine.changes.StreamedTable;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Lsn;
import dev.walshift.postgres.Xid;
import dev.walshift.postgres.connect.ConnectionSettings;
import dev.walshift.postgres.connect.Connector;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A process of its own that reads the engine's change stream up to a position, and prints how many keys changed. */
final class StreamReader {
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private StreamReader() {}

    /** Arguments: the database's URL, slot, publication, the table's OID, an xid of about now, the position to read to. */
    public static void main(String[] arguments) throws SQLException {
        Connector connector = new Connector(ConnectionSettings.resolve(
                Optional.of(arguments[0]), Map.of(), Path.of(System.getProperty("user.home")), System.err::println));
        Database database = new Database(connector::connect, connector::connectForReplication);
        SlotName name = new SlotName(new Identifier(arguments[1]), new Identifier(arguments[2]));
        StreamedTable table = new StreamedTable(Long.parseLong(arguments[3]), List.of("id"));
        Lsn end = Lsn.parse(arguments[5]);
        long keys = 0;
        try (PgoutputStream stream =
                PgoutputStream.open(database, name, List.of(table), "walshift_benchmark", Xid.parse(arguments[4]))) {
            Lsn reached = Lsn.ZERO;
            while (end.isAfter(reached)) {
                ChangeBatch batch = stream.poll(PATIENCE).orElseThrow(() -> new SQLException("the stream is silent"));
                keys += batch.keys().size();
                reached = batch.end();
            }
        }
        System.out.println(keys);
    }
}
