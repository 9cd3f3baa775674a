package dev.walshift.benchmark;

import dev.walshift.engine.changes.ChangeBatch;
import dev.walshift.engine.changes.PgoutputStream;
import dev.walshift.engine.changes.SlotName;
import dev.walshift.engine.changes.StreamedTable;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Lsn;
import dev.walshift.postgres.Xid;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Properties;

/** A process of its own that reads the engine's change stream up to a position, and prints how many keys changed. */
final class StreamReader {
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private StreamReader() {}

    /** Arguments: JDBC URL, slot, publication, the table's OID, an xid of about now, the position to read to. */
    public static void main(String[] arguments) throws SQLException {
        String url = arguments[0];
        Database database = new Database(() -> DriverManager.getConnection(url), () -> replication(url));
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

    private static Connection replication(String url) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("replication", "database");
        properties.setProperty("preferQueryMode", "simple");
        properties.setProperty("assumeMinServerVersion", "9.4");
        return DriverManager.getConnection(url, properties);
    }
}
