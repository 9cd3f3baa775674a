package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.pace.PaceMode;
import dev.walshift.engine.pace.PaceSettings;
import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.plan.dependents.Consent;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Identifier;
import dev.walshift.testkit.Leftovers;
import dev.walshift.testkit.TestDatabase;
import dev.walshift.testkit.workload.WorkloadOptions;
import dev.walshift.testkit.workload.WorkloadTable;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What the tests of whole migrations share. */
public final class Scenario {
    /**
     * At full pace, as what another one is set by takes a second to measure, and has tests of its own; and with frequent looks at the schema.
     */
    public static final MigrationSettings SETTINGS = MigrationSettings.DEFAULT
            .with(new PaceSettings(
                    Optional.of(PaceMode.FULL), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty()))
            .withSchemaInterval(Duration.ofMillis(500));

    private Scenario() {}

    public static MigrationRequest request(String table, String alter) {
        return request(table, List.of(alter), List.of());
    }

    /** The same by an operator who agrees to one thing more. */
    public static MigrationRequest agreeing(Consent consent, MigrationRequest request) {
        Set<Consent> all = new HashSet<>(request.alter().consents());
        all.add(consent);
        return new MigrationRequest(
                request.alter().agreeingTo(all), request.workers(), request.dropRetired(), request.verify());
    }

    /** Every operation, with a moment between two transactions: writers that have none are what MigrationUnderLoadTest is about. */
    public static WorkloadOptions writers(long seed, int writers) {
        return WorkloadOptions.of(seed, writers).with(Duration.ofMillis(1));
    }

    public static MigrationRequest request(WorkloadTable table, String alter) {
        return request(table.name().sql(), alter);
    }

    public static MigrationRequest request(String table, List<String> clauses, List<Identifier> columnOrder) {
        return new MigrationRequest(
                new AlterRequest(Optional.of(table), clauses, Map.of(), columnOrder), 2, false, VerifyMode.FULL);
    }

    public static Migration migration(TestDatabase database, MigrationRequest request) {
        return migration(TestConnections.database(database), request);
    }

    public static Migration migration(Database database, MigrationRequest request) {
        return new Migration(database, request, SETTINGS);
    }

    /** The text of the query's first column, row by row. */
    public static List<String> list(Connection connection, String query) throws SQLException {
        List<String> found = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            while (rows.next()) {
                found.add(String.valueOf(rows.getString(1)));
            }
        }
        return found;
    }

    /** Nothing of ours is left but the journal and, if it was kept, the retired table. */
    public static void assertNothingLeft(Connection connection) throws SQLException {
        assertThat(Leftovers.in(connection)).isEmpty();
    }
}
