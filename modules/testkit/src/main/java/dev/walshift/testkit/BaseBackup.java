package dev.walshift.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;

/**
 * What pg_basebackup does, which the server archives don't hold: copies the data folder of a running server by the low-level
 * API (PostgreSQL's documentation, "Making a Base Backup Using the Low Level API").
 */
final class BaseBackup {
    private static final Set<Path> EXCLUDED_FILES =
            Set.of(Path.of("postmaster.pid"), Path.of("postmaster.opts"), Path.of("backup_label"));
    private static final Set<Path> EMPTIED = Set.of(
            Path.of("pg_wal"),
            Path.of("pg_replslot"),
            Path.of("pg_dynshmem"),
            Path.of("pg_notify"),
            Path.of("pg_serial"),
            Path.of("pg_snapshots"),
            Path.of("pg_stat_tmp"),
            Path.of("pg_subtrans"));

    private BaseBackup() {}

    /**
     * Makes a physical slot and a copy that can be started as a standby streaming from it.
     *
     * @param to an empty folder
     */
    static void copy(PostgresServer primary, String slot, Path from, Path to) throws SQLException {
        boolean renamed = primary.version().isAtLeast(15);
        try (Connection connection = primary.connect()) {
            createSlot(connection, slot);
            try (PreparedStatement start = connection.prepareStatement(
                    renamed ? "SELECT pg_backup_start(?, true)" : "SELECT pg_start_backup(?, true, false)")) {
                start.setString(1, slot);
                start.execute();
            }
            Directories.copy(from, to, EXCLUDED_FILES, EMPTIED);
            Files.createDirectories(to.resolve("pg_wal").resolve("archive_status"));
            Files.writeString(to.resolve("backup_label"), stop(connection, renamed));
            Files.createFile(to.resolve("standby.signal"));
        } catch (IOException e) {
            throw new ServerException("cannot copy the data folder for the standby %s".formatted(slot), e);
        }
    }

    private static void createSlot(Connection connection, String slot) throws SQLException {
        try (PreparedStatement create = connection.prepareStatement("""
            SELECT pg_create_physical_replication_slot(?, immediately_reserve => true)
            """)) {
            create.setString(1, slot);
            create.execute();
        }
    }

    /** Ends the backup without waiting for an archiver, and returns the text of the backup label. */
    private static String stop(Connection connection, boolean renamed) throws SQLException {
        String sql = renamed
                ? "SELECT labelfile FROM pg_backup_stop(false)"
                : "SELECT labelfile FROM pg_stop_backup(false, false)";
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }
}
