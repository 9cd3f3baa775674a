package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.plan.Strategy;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import dev.walshift.testkit.oracle.Comparison;
import dev.walshift.testkit.oracle.Expectation;
import dev.walshift.testkit.oracle.Oracle;
import dev.walshift.testkit.oracle.SchemaDump;
import dev.walshift.testkit.workload.Column;
import dev.walshift.testkit.workload.KeyKind;
import dev.walshift.testkit.workload.Truth;
import dev.walshift.testkit.workload.Workload;
import dev.walshift.testkit.workload.WorkloadTable;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole partitioned tables as source, beside writers that move rows from partition to partition all the time. */
final class PartitionedSourceTest {
    private static final int ROWS = 20_000;
    private static final int WRITERS = 3;

    /** How the workload's table, that holds its rows already, becomes a partitioned one. */
    private static final String BEGIN = """
        SET search_path = {schema}, public;
        ALTER TABLE {t} RENAME TO loaded;
        CREATE TABLE {t} (%s) PARTITION BY %s;
        """;

    private static final String END = """
        INSERT INTO {t} ({columns}) SELECT {columns} FROM loaded;
        DROP TABLE loaded;
        ANALYZE {t}
        """;

    private static final String COLUMNS =
            "{code} text NOT NULL, {payload} text, {amount} numeric(12,2), {touched} timestamptz NOT NULL, {counter}"
                    + " int";

    /** Each update moves a row, as it changes the time; the second partition has its columns in another order. */
    private static final String BY_RANGE = BEGIN.formatted(
                    "{key} int NOT NULL, %s, CONSTRAINT \"the; key\" PRIMARY KEY ({key}, {touched})".formatted(COLUMNS),
                    "RANGE ({touched})")
            + """
            CREATE TABLE "first "" part" PARTITION OF {t} FOR VALUES FROM (MINVALUE) TO ('2024-01-01 01:00Z')
              WITH (fillfactor = 70, autovacuum_enabled = false);
            CREATE TABLE second (gone int, {counter} int, {touched} timestamptz NOT NULL, {payload} text, {amount} numeric(12,2),
              {code} text NOT NULL, {key} int NOT NULL, CONSTRAINT own CHECK ({key} > 0)) PARTITION BY HASH ({key});
            ALTER TABLE second DROP COLUMN gone;
            CREATE TABLE second_a PARTITION OF second FOR VALUES WITH (MODULUS 2, REMAINDER 0);
            CREATE TABLE second_b ({code} text NOT NULL, {key} int NOT NULL, lost text, {counter} int, {touched} timestamptz NOT NULL,
              {payload} text DEFAULT 'own', {amount} numeric(12,2), CONSTRAINT own CHECK ({key} > 0));
            ALTER TABLE second_b DROP COLUMN lost;
            ALTER TABLE second ATTACH PARTITION second_b FOR VALUES WITH (MODULUS 2, REMAINDER 1);
            ALTER TABLE {t} ATTACH PARTITION second FOR VALUES FROM ('2024-01-01 01:00Z') TO ('2024-01-01 03:00Z');
            CREATE TABLE rest PARTITION OF {t} DEFAULT;
            CREATE INDEX ON {t} ({touched}, {counter});
            CREATE INDEX "by code; here" ON {t} (lower({code}) text_pattern_ops) WITH (fillfactor = 80);
            CREATE UNIQUE INDEX only_here ON rest ({code});
            """
            + END;

    private static final String BY_LIST = BEGIN.formatted(
                    "{key} int NOT NULL, {key2} text NOT NULL, %s, UNIQUE ({key2}, {key})".formatted(COLUMNS),
                    "LIST ({key})")
            + """
            CREATE TABLE zero PARTITION OF {t} FOR VALUES IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
            CREATE TABLE ten PARTITION OF {t} FOR VALUES IN (10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
            CREATE TABLE others PARTITION OF {t} DEFAULT;
            ALTER TABLE ten REPLICA IDENTITY NOTHING;
            ALTER TABLE others ADD PRIMARY KEY ({code}, {key});
            """
            + END;

    private static final String BY_HASH =
            BEGIN.formatted("{key} int, %s, CONSTRAINT hash_key PRIMARY KEY ({key})".formatted(COLUMNS), "HASH ({key})")
                    + """
                    CREATE TABLE h0 PARTITION OF {t} FOR VALUES WITH (MODULUS 3, REMAINDER 0);
                    CREATE TABLE h1 PARTITION OF {t} FOR VALUES WITH (MODULUS 3, REMAINDER 1);
                    CREATE TABLE h2 PARTITION OF {t} FOR VALUES WITH (MODULUS 3, REMAINDER 2);
                    CREATE INDEX ON {t} ({code});
                    ALTER TABLE h1 REPLICA IDENTITY FULL;
                    ALTER TABLE {t} REPLICA IDENTITY USING INDEX hash_key;
                    """
                    + END;

    /**
     * A workload's table, partitioned.
     *
     * @param kind of its key
     * @param ddl makes it of the plain one
     */
    record Layout(String name, KeyKind kind, String ddl) {
        WorkloadTable table() {
            return WorkloadTable.hostile(kind);
        }

        Truth create(Connection connection, int rows) throws SQLException {
            Truth truth = table().create(connection, rows);
            try (Statement statement = connection.createStatement()) {
                statement.execute(in(ddl));
                statement.execute("RESET search_path");
            }
            return truth;
        }

        String in(String sql) {
            WorkloadTable table = table();
            List<String> columns =
                    table.allColumns().stream().map(column -> column.sql()).toList();
            return sql.replace("{t}", table.name().name().sql())
                    .replace("{schema}", table.name().schema().sql())
                    .replace("{columns}", String.join(", ", columns))
                    .replace("{key}", table.keyColumns().getFirst().sql())
                    .replace("{key2}", table.keyColumns().getLast().sql())
                    .replace("{code}", table.column(Column.CODE).sql())
                    .replace("{payload}", table.column(Column.PAYLOAD).sql())
                    .replace("{amount}", table.column(Column.AMOUNT).sql())
                    .replace("{touched}", table.column(Column.TOUCHED).sql())
                    .replace("{counter}", table.column(Column.COUNTER).sql());
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static final Layout RANGE = new Layout("range, sub-partitions, default", KeyKind.INT, BY_RANGE);
    private static final Layout LIST = new Layout("list", KeyKind.COMPOSITE, BY_LIST);
    private static final Layout HASH = new Layout("hash", KeyKind.INT, BY_HASH);

    private static final String IDENTITIES = """
        SELECT c.relname || ' ' || c.relreplident::text
          FROM pg_class c
         WHERE c.relkind = 'r' AND c.relispartition AND c.relnamespace %s to_regnamespace('walshift_1_retired')
         ORDER BY 1
        """;

    static Stream<Arguments> layouts() {
        return Stream.of(RANGE, LIST, HASH)
                .flatMap(layout -> PostgresServer.sampledMajors(PartitionedSourceTest.class, layout).stream()
                        .map(major -> Arguments.of(major, layout)));
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void isExactBesideWritersThatMoveRows(ServerVersion major, Layout layout) throws Exception {
        String alter = layout.in("ALTER COLUMN {counter} TYPE bigint, ADD COLUMN \"a; new\" int NOT NULL DEFAULT 7");
        try (TestDatabase database = SharedServers.freshDatabase(major);
                TestDatabase direct = SharedServers.freshDatabase(major);
                Connection connection = database.connect();
                Connection expected = direct.connect()) {
            Truth start = layout.create(connection, ROWS);
            Truth unused = layout.create(expected, 10);
            assertThat(SchemaDump.of(database).differences(SchemaDump.of(direct)))
                    .isEmpty();
            List<String> identities = Scenario.list(connection, IDENTITIES.formatted("IS DISTINCT FROM"));
            MigrationReport report;
            Truth end;
            try (Workload workload =
                    Workload.start(database::connect, start, Scenario.writers(System.nanoTime(), WRITERS))) {
                report = Scenario.migration(database, Scenario.request(layout.table(), alter))
                        .run();
                end = workload.stop();
                assertThat(workload.errors()).isEmpty();
            }

            assertThat(report.strategy()).isEqualTo(Strategy.SHADOW);
            assertThat(report.verified()).isTrue();
            assertThat(report.keysApplied()).isPositive();
            Comparison comparison = Oracle.compare(connection, end, Expectation.unchanged(layout.table()));
            assertThat(comparison.isExact()).as(comparison.toString()).isTrue();
            Scenario.assertNothingLeft(connection);
            QualifiedName table = layout.table().name();
            direct.execute("ALTER TABLE %s %s".formatted(table.sql(), alter));
            assertThat(SchemaDump.of(database).differences(SchemaDump.of(direct), PartitionedSourceTest::asRestored))
                    .isEmpty();
            assertThat(Scenario.list(connection, IDENTITIES.formatted("=")))
                    .as("replica identities of the retired tables")
                    .isEqualTo(identities);
        }
    }

    /** A partition's index constraint that was attached is NO INHERIT, and its primary key's NOT NULL is its own (18), as after pg_dump. */
    static boolean asRestored(String object, String property) {
        return object.startsWith("table constraint ")
                && (property.equals("connoinherit") || (property.equals("conislocal") && object.contains("_not_null")));
    }
}
