package dev.walshift.cli;

import dev.walshift.cli.config.UsageException;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.connect.ConnectionSettings;
import dev.walshift.postgres.connect.ConnectionSettingsException;
import dev.walshift.postgres.connect.Connector;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/** Finds the database that a command is to work on. */
final class Connections {
    private final Surroundings surroundings;

    Connections(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    /**
     * The database, after one session was opened to see that it can be reached.
     *
     * @param url as given by the operator; what it leaves open comes from libpq's variables and files
     * @throws UsageException if the settings can't be used
     * @throws ConnectionFailedException if no session can be opened
     */
    Database open(Optional<String> url) {
        ConnectionSettings settings = settings(url);
        Connector connector = new Connector(settings);
        try (Connection probe = connector.connect()) {
            probe.getMetaData();
        } catch (SQLException e) {
            throw new ConnectionFailedException(settings.display(), e);
        }
        return new Database(connector::connect, connector::connectForReplication);
    }

    private ConnectionSettings settings(Optional<String> url) {
        try {
            return ConnectionSettings.resolve(
                    url,
                    surroundings.environment(),
                    surroundings.home(),
                    warning -> surroundings.terminal().err().println("Warning: " + warning));
        } catch (ConnectionSettingsException e) {
            throw new UsageException(e.problems());
        }
    }
}
