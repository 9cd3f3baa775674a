package dev.walshift.engine.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.journal.KeyBarrier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Rule: the publication covers the source's replica identity, whatever that is, or the server refuses the application's UPDATE and DELETE;
 * and the replica identity tells the key, or the stream would not.
 */
@ParameterizedClass
@OnMajors(each = true)
class ReplicaIdentityTest {
    private static final String WIDEN = "ALTER COLUMN \"Group by\" TYPE bigint";
    private static final SqlTemplate IDENTITY = SqlTemplate.of("SELECT relreplident FROM pg_class WHERE oid = ?::oid");

    @Parameter
    ServerVersion version;

    private static TestDatabase database;

    /** What the application's table has, and what the migration makes of it meanwhile. */
    enum Identity {
        DEFAULT_WITH_PRIMARY_KEY("PRIMARY KEY (\"order\")", "DEFAULT", "d"),
        USING_INDEX("UNIQUE (\"order\")", "USING INDEX \"Key\"", "i"),
        USING_ANOTHER_INDEX_THAN_THE_PRIMARY_KEY("UNIQUE (\"order\"), PRIMARY KEY (other)", "USING INDEX \"Key\"", "i"),
        FULL("PRIMARY KEY (\"order\")", "FULL", "f"),
        NOTHING("PRIMARY KEY (\"order\")", "NOTHING", "i"),
        DEFAULT_WITHOUT_PRIMARY_KEY("UNIQUE (\"order\")", "DEFAULT", "i"),
        /** Which the server does not take for a replica identity. */
        DEFAULT_WITH_DEFERRABLE_PRIMARY_KEY("UNIQUE (\"order\"), PRIMARY KEY (other) DEFERRABLE", "DEFAULT", "i");

        private final String key;
        private final String identity;
        private final String meanwhile;

        Identity(String key, String identity, String meanwhile) {
            this.key = key;
            this.identity = identity;
            this.meanwhile = meanwhile;
        }
    }

    @BeforeParameterizedClassInvocation
    static void createDatabase(ServerVersion version) throws SQLException {
        database = SharedServers.freshDatabase(version);
        database.execute(SqlTemplate.of("CREATE SCHEMA {s}")
                .with("s", Scene.SOURCE.schema())
                .sql());
    }

    @AfterParameterizedClassInvocation
    static void dropDatabase() throws SQLException {
        database.close();
    }

    @AfterEach
    void dropTable() throws SQLException {
        database.execute(
                "DROP PUBLICATION IF EXISTS broken", Scene.sql("DROP TABLE {t}").sql());
    }

    private void createTable(String key, String identity) throws SQLException {
        for (String statement : List.of(
                "CREATE TABLE {t} (\"order\" int NOT NULL, \"Group by\" int NOT NULL, other int NOT NULL, "
                        + "CONSTRAINT \"Key\" " + key + ")",
                "INSERT INTO {t} SELECT i, 0, i FROM generate_series(1, 5) AS i",
                "ALTER TABLE {t} REPLICA IDENTITY " + identity)) {
            database.execute(Scene.sql(statement).sql());
        }
    }

    private static final List<String> CHANGES = List.of(
            "UPDATE {t} SET \"Group by\" = 1 WHERE \"order\" = 1",
            "UPDATE {t} SET \"order\" = 12 WHERE \"order\" = 2",
            "UPDATE {t} SET other = 13 WHERE \"order\" = 3",
            "DELETE FROM {t} WHERE \"order\" = 4",
            "INSERT INTO {t} VALUES (6, 0, 6)");

    @ParameterizedTest
    @EnumSource
    void theApplicationGoesOnAndOldKeysAreTold(Identity identity) throws SQLException {
        createTable(identity.key, identity.identity);
        try (Scene scene = Scene.planned(database, WIDEN)) {
            assertThat(identityNow(scene)).isEqualTo(identity.meanwhile);
            scene.copy();
            KeyBarrier barrier = scene.startPump();
            scene.application(CHANGES.toArray(String[]::new));
            scene.settle(barrier);

            assertThat(scene.loggedKeys()).containsExactlyInAnyOrder("(1)", "(2)", "(12)", "(3)", "(4)", "(6)");
            scene.exactStep(barrier);
        }
    }

    @Test
    void theFormerIdentityComesBack() throws SQLException {
        createTable(Identity.NOTHING.key, Identity.NOTHING.identity);
        try (Scene scene = Scene.planned(database, WIDEN)) {
            assertThat(identityNow(scene)).isEqualTo("i");
            scene.abort();
            assertThat(identityNow(scene)).isEqualTo("n");
        }
    }

    @Test
    void theFormerIdentityComesBackAlsoWhenSomebodyDroppedTheIndexMeanwhile() throws SQLException {
        createTable(Identity.DEFAULT_WITHOUT_PRIMARY_KEY.key, Identity.DEFAULT_WITHOUT_PRIMARY_KEY.identity);
        try (Scene scene = Scene.planned(database, WIDEN)) {
            scene.application("ALTER TABLE {t} DROP CONSTRAINT \"Key\"");
            scene.abort();
            assertThat(identityNow(scene)).isEqualTo("d");
        }
    }

    @Test
    void anIdentityThatSomebodyElseChoseMeanwhileStays() throws SQLException {
        createTable(Identity.NOTHING.key, Identity.NOTHING.identity);
        try (Scene scene = Scene.planned(database, WIDEN)) {
            scene.application(
                    "CREATE UNIQUE INDEX another ON {t} (other)",
                    "ALTER TABLE {t} REPLICA IDENTITY USING INDEX another");
            scene.abort();
            assertThat(identityNow(scene)).isEqualTo("i");
        }
    }

    /**
     * A publication that some other program might make, and what the server then says to the application.
     *
     * @param since the major that can make it
     */
    record Broken(String key, String identity, String published, int since, String message) {
        private static final String UNCOVERED =
                "Column list used by the publication does not cover the replica identity";
        private static final int COLUMN_LISTS = 15;

        @Override
        public String toString() {
            return "%s publishing %s".formatted(identity, published);
        }
    }

    static Stream<Broken> broken() {
        return Stream.of(
                new Broken("PRIMARY KEY (\"order\")", "DEFAULT", "{t} (other)", Broken.COLUMN_LISTS, Broken.UNCOVERED),
                new Broken(
                        "UNIQUE (\"order\"), PRIMARY KEY (other)",
                        "USING INDEX \"Key\"",
                        "{t} (other)",
                        Broken.COLUMN_LISTS,
                        Broken.UNCOVERED),
                new Broken("PRIMARY KEY (\"order\")", "FULL", "{t} (\"order\")", Broken.COLUMN_LISTS, Broken.UNCOVERED),
                new Broken(
                        "PRIMARY KEY (\"order\")",
                        "NOTHING",
                        "{t}",
                        ServerVersion.OLDEST,
                        "does not have a replica identity"),
                new Broken(
                        "UNIQUE (\"order\")",
                        "DEFAULT",
                        "{t}",
                        ServerVersion.OLDEST,
                        "does not have a replica identity"));
    }

    @ParameterizedTest
    @MethodSource("broken")
    void aPublicationThatDoesNotCoverItBreaksTheApplication(Broken broken) throws SQLException {
        createTable(broken.key(), broken.identity());
        String create = Scene.sql("CREATE PUBLICATION broken FOR TABLE " + broken.published())
                .sql();
        if (!version.isAtLeast(broken.since())) {
            assertThatThrownBy(() -> database.execute(create)).hasMessageContaining("syntax error");
            return;
        }
        database.execute(create);

        assertThatThrownBy(() -> database.execute(Scene.sql(CHANGES.getFirst()).sql()))
                .isInstanceOf(SQLException.class)
                .hasMessageContaining(broken.message());
        assertThatThrownBy(() -> database.execute(Scene.sql("DELETE FROM {t}").sql()))
                .isInstanceOf(SQLException.class)
                .hasMessageContaining(broken.message());
    }

    private static String identityNow(Scene scene) throws SQLException {
        Session session = scene.session();
        return session.queryOne(
                IDENTITY, row -> row.getString(1), scene.table().source().oid());
    }
}
