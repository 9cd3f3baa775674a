package dev.walshift.engine.plan;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.UUID;

/**
 * Finds out what a change of a table means, and whether it can be done: makes an empty clone of the table, lets the server alter
 * it, and compares the catalogs.
 */
public final class Planner {
    private static final SqlText BEGIN = new SqlText("BEGIN");
    private static final SqlText ROLLBACK = new SqlText("ROLLBACK");
    private static final SqlTemplate CREATE_SCHEMA = SqlTemplate.of("CREATE SCHEMA {schema}");

    private final Database database;

    public Planner(Database database) {
        this.database = database;
    }

    /**
     * Looks, and touches nothing: all is done in one transaction that is rolled back. Its locks are weak (ACCESS SHARE on the
     * table) and are waited for 2 s at most.
     *
     * @throws MigrationException if the table, or one that has to do with it, is locked
     */
    public MigrationPlan plan(AlterRequest request) throws SQLException {
        try (Session session = database.open("plan")) {
            session.execute(BEGIN);
            Survey survey = new Surveyor(session, request).survey(Planner::makeSchema);
            session.execute(ROLLBACK);
            return survey.plan(survey.strategy());
        } catch (SQLException e) {
            if (SqlStates.is(e, SqlStates.LOCK_NOT_AVAILABLE)) {
                try (Session session = database.open("monitor")) {
                    throw LockedTables.failure(session, e);
                }
            }
            throw e;
        }
    }

    private static Identifier makeSchema(Session session) throws SQLException {
        Identifier schema =
                new Identifier("walshift_probe_" + UUID.randomUUID().toString().replace("-", ""));
        session.execute(CREATE_SCHEMA.with("schema", schema));
        return schema;
    }

    /**
     * Creates the shadow, without its indexes, in the caller's transaction.
     *
     * @param transaction the operator's SQL runs with the search_path that its session began with
     * @throws RefusedException if anything stands in the way; the caller rolls back
     * @throws SQLException LOCK_NOT_AVAILABLE if the table is locked for longer than the transaction's lock_timeout, or 2 s if it
     *     has none; the caller may try again
     */
    public Blueprint createShadow(Session transaction, AlterRequest request, ShadowNames names) throws SQLException {
        Survey survey = new Surveyor(transaction, request).survey(session -> names.shadowSchema());
        MigrationPlan plan = survey.plan(Strategy.SHADOW);
        if (!plan.isPossible()) {
            throw new RefusedException(plan);
        }
        Settings settings = Settings.of(transaction);
        settings.asWalshift(transaction);
        Blueprint blueprint = new BlueprintMaker(
                        transaction, survey.table(), survey.change().orElseThrow(), survey.dependents())
                .make(names);
        for (SqlText statement : blueprint.dependents().prepare()) {
            transaction.execute(statement);
        }
        // What came since the first definition was read may not be what the trials were made with.
        survey.namesakes().requireUnchanged(transaction, survey.table().name());
        settings.restore(transaction);
        return blueprint;
    }
}
