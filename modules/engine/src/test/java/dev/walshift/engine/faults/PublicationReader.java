package dev.walshift.engine.faults;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.walshift.postgres.QualifiedName;
import dev.walshift.testkit.TestDatabase;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A consumer of a publication that is no PostgreSQL server: it reads pgoutput by SQL from a slot of its
 * own. It shares nothing with the code under test.
 */
final class PublicationReader {
    private final TestDatabase database;
    private final String publication;
    private final String slot;

    private PublicationReader(TestDatabase database, String publication) {
        this.database = database;
        this.publication = publication;
        this.slot = "consumer_%s".formatted(database.name());
    }

    /**
     * Begins; what is committed from now on is read.
     *
     * @param publication its name as SQL
     */
    static PublicationReader open(TestDatabase database, String publication) throws SQLException {
        PublicationReader reader = new PublicationReader(database, publication);
        database.execute("SELECT pg_create_logical_replication_slot('%s', 'pgoutput')".formatted(reader.slot));
        return reader;
    }

    /**
     * A change of a row.
     *
     * @param kind I, U or D, as in the protocol
     */
    record Change(char kind, QualifiedName table) {}

    /** All changes since the last call, in order. */
    List<Change> read() throws SQLException {
        Map<Integer, QualifiedName> tables = new HashMap<>();
        List<Change> changes = new ArrayList<>();
        try (Connection connection = database.connect();
                PreparedStatement statement = connection.prepareStatement(
                        "SELECT data FROM pg_logical_slot_get_binary_changes(?, NULL, NULL, 'proto_version', '1',"
                                + " 'publication_names', ?)")) {
            statement.setString(1, slot);
            statement.setString(2, publication);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    ByteBuffer message = ByteBuffer.wrap(rows.getBytes(1));
                    char kind = (char) message.get();
                    if (kind == 'R') {
                        tables.put(message.getInt(), QualifiedName.of(text(message), text(message)));
                    } else if ("IUD".indexOf(kind) >= 0) {
                        changes.add(new Change(kind, tables.get(message.getInt())));
                    }
                }
            }
        }
        return changes;
    }

    private static String text(ByteBuffer message) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (byte next = message.get(); next != 0; next = message.get()) {
            text.write(next);
        }
        return text.toString(UTF_8);
    }
}
