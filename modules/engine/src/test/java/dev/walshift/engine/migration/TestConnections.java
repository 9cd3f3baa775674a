package dev.walshift.engine.migration;

import dev.walshift.postgres.Database;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;

/** Connects the engine to a test's database. */
public final class TestConnections {
    private TestConnections() {}

    public static Database database(TestDatabase database) {
        return database(database.url());
    }

    /** Connects to the database of a JDBC URL that names the user. */
    public static Database database(String url) {
        return new Database(() -> DriverManager.getConnection(url), () -> replication(url));
    }

    private static Connection replication(String url) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("replication", "database");
        properties.setProperty("preferQueryMode", "simple");
        properties.setProperty("assumeMinServerVersion", "9.4");
        return DriverManager.getConnection(url, properties);
    }
}
