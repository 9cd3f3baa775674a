package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.plan.Strategy;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.postgres.Identifier;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import dev.walshift.testkit.oracle.Comparison;
import dev.walshift.testkit.oracle.Expectation;
import dev.walshift.testkit.oracle.Oracle;
import dev.walshift.testkit.workload.Column;
import dev.walshift.testkit.workload.KeyKind;
import dev.walshift.testkit.workload.Truth;
import dev.walshift.testkit.workload.Workload;
import dev.walshift.testkit.workload.WorkloadTable;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole migrations to a table of the operator's own DDL, beside writers, most of whose updates move a row to another partition. */
final class TargetDdlTest {
    private static final int ROWS = 20_000;
    private static final int WRITERS = 3;

    private static final WorkloadTable TABLE = WorkloadTable.hostile(KeyKind.INT);
    private static final String COLUMNS = """
        {key} bigint NOT NULL, {code} text NOT NULL, {payload} text, {amount} numeric(12,2),
        {touched} timestamptz NOT NULL, {counter} int\
        """;

    /** A minute has 60 rows at first; what writers touch goes further and further. */
    private static final String BY_RANGE = """
        CREATE TABLE {t} (%s, CONSTRAINT "the; key" PRIMARY KEY ({key}, {touched})) PARTITION BY RANGE ({touched});
        CREATE TABLE "first "" part" PARTITION OF {t} FOR VALUES FROM (MINVALUE) TO ('2024-01-01 01:00Z')
          WITH (fillfactor = 70, autovacuum_enabled = false);
        CREATE TABLE second (LIKE {t}, CONSTRAINT own CHECK ({key} > 0)) PARTITION BY HASH ({key});
        CREATE TABLE second_a PARTITION OF second FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE second_b PARTITION OF second FOR VALUES WITH (MODULUS 2, REMAINDER 1) TABLESPACE pg_default;
        ALTER TABLE {t} ATTACH PARTITION second FOR VALUES FROM ('2024-01-01 01:00Z') TO ('2024-01-01 03:00Z');
        CREATE TABLE rest PARTITION OF {t} DEFAULT;
        CREATE INDEX ON {t} ({touched}, {counter});
        CREATE INDEX "by code; here" ON {t} (lower({code}) text_pattern_ops) WITH (fillfactor = 80);
        CREATE UNIQUE INDEX only_here ON rest ({code});
        ALTER INDEX "by code; here" ALTER COLUMN 1 SET STATISTICS 500;
        CREATE STATISTICS "st 1" ON {touched}, {counter} FROM {t};
        CREATE STATISTICS second_st ON {touched}, {counter} FROM second_a;
        COMMENT ON TABLE {t} IS 'parted; at last';
        COMMENT ON COLUMN {t}.{code} IS 'it''s the code';
        COMMENT ON INDEX "by code; here" IS 'index';
        COMMENT ON CONSTRAINT "the; key" ON {t} IS 'key'
        """.formatted(COLUMNS);

    private static final String BY_LIST = """
        CREATE TABLE {t} (%s, bucket int NOT NULL DEFAULT 7, UNIQUE ({key}, bucket)) PARTITION BY LIST (bucket);
        CREATE TABLE zero PARTITION OF {t} (CONSTRAINT zero_key PRIMARY KEY ({key})) FOR VALUES IN (0);
        CREATE TABLE one PARTITION OF {t} FOR VALUES IN (1);
        CREATE TABLE others PARTITION OF {t} DEFAULT;
        """.formatted(COLUMNS);

    private static final String BY_HASH = """
        CREATE TABLE {t} (%s, PRIMARY KEY ({key})) PARTITION BY HASH ({key});
        CREATE TABLE h0 PARTITION OF {t} FOR VALUES WITH (MODULUS 3, REMAINDER 0);
        CREATE TABLE h1 PARTITION OF {t} FOR VALUES WITH (MODULUS 3, REMAINDER 1);
        CREATE TABLE h2 PARTITION OF {t} FOR VALUES WITH (MODULUS 3, REMAINDER 2);
        CREATE INDEX ON ONLY {t} ({code});
        CREATE INDEX h0_by_code ON h0 ({code});
        CREATE INDEX h1_by_code ON h1 ({code});
        CREATE INDEX h2_by_code ON h2 ({code});
        ALTER INDEX {codeIndex} ATTACH PARTITION h0_by_code;
        ALTER INDEX {codeIndex} ATTACH PARTITION h1_by_code;
        ALTER INDEX {codeIndex} ATTACH PARTITION h2_by_code;
        """.formatted(COLUMNS);

    private static final String PLAIN = """
        CREATE TABLE {t} (%s, PRIMARY KEY ({key}), UNIQUE ({code})) WITH (fillfactor = 90);
        CREATE INDEX by_touched ON {t} ({touched} DESC)
        """.formatted(COLUMNS);

    /** All that the file made, by the names that it gave or the server found. */
    private static final String MADE = """
        WITH tree AS (SELECT {table}::regclass AS oid UNION SELECT relid FROM pg_partition_tree({table}::regclass))
        SELECT concat_ws(' ', 'table', c.relname, c.relkind, c.relreplident, c.reloptions, pg_get_partkeydef(c.oid),
                         pg_get_expr(c.relpartbound, c.oid), obj_description(c.oid, 'pg_class'), n.nspname, c.relowner::regrole)
          FROM tree JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace
        UNION ALL
        SELECT concat_ws(' ', 'column', a.attrelid::regclass, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                         a.attidentity, pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum))
          FROM tree JOIN pg_attribute a ON a.attrelid = oid AND a.attnum > 0
          LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        UNION ALL
        SELECT concat_ws(' ', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisprimary, h.inhparent::regclass,
                         obj_description(i.indexrelid, 'pg_class'),
                         (SELECT string_agg(a.attstattarget::text, ',' ORDER BY a.attnum) FROM pg_attribute a
                           WHERE a.attrelid = i.indexrelid))
          FROM tree JOIN pg_index i ON i.indrelid = oid LEFT JOIN pg_inherits h ON h.inhrelid = i.indexrelid
        UNION ALL
        SELECT concat_ws(' ', 'constraint', o.conrelid::regclass, o.conname, pg_get_constraintdef(o.oid), o.convalidated,
                         -- ADD PRIMARY KEY makes the NOT NULL of a partition its own (18), as a restored dump does
                         CASE WHEN o.contype <> 'n' THEN o.conislocal END,
                         o.coninhcount, (SELECT p.conname FROM pg_constraint p WHERE p.oid = o.conparentid),
                         obj_description(o.oid, 'pg_constraint'))
          FROM tree JOIN pg_constraint o ON o.conrelid = tree.oid
        UNION ALL
        SELECT pg_get_statisticsobjdef(s.oid) FROM tree JOIN pg_statistic_ext s ON s.stxrelid = tree.oid
         ORDER BY 1
        """;

    private static final Identifier BUCKET = new Identifier("bucket");

    static Stream<Arguments> targets() {
        return Stream.of("range", "list", "hash", "plain")
                .flatMap(name -> PostgresServer.sampledMajors(name).stream().map(major -> switch (name) {
                    case "range" -> Arguments.of(major, name, BY_RANGE + excluding(major), Map.of());
                    case "list" -> Arguments.of(major, name, BY_LIST, Map.of(BUCKET, in("coalesce({counter}, 0) % 4")));
                    case "hash" -> Arguments.of(major, name, BY_HASH, Map.of());
                    default -> Arguments.of(major, name, PLAIN, Map.of());
                }));
    }

    /** Partitioned tables can have such a constraint since 17. */
    private static String excluding(ServerVersion major) {
        return major.major() < 17
                ? ""
                : "; ALTER TABLE {t} ADD CONSTRAINT \"ex cl\" EXCLUDE ({touched} WITH =, {key} WITH =)";
    }

    private static String in(String sql) {
        return sql.replace("{t}", TABLE.name().name().sql())
                .replace("{key}", TABLE.keyColumns().getFirst().sql())
                .replace("{code}", TABLE.column(Column.CODE).sql())
                .replace("{payload}", TABLE.column(Column.PAYLOAD).sql())
                .replace("{amount}", TABLE.column(Column.AMOUNT).sql())
                .replace("{touched}", TABLE.column(Column.TOUCHED).sql())
                .replace("{counter}", TABLE.column(Column.COUNTER).sql());
    }

    @ParameterizedTest
    @MethodSource("targets")
    void isExactBesideWritersAndMakesWhatTheFileSays(
            ServerVersion major, String name, String ddl, Map<Identifier, String> using) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                TestDatabase direct = SharedServers.freshDatabase(major);
                Connection connection = database.connect();
                Connection expected = direct.connect()) {
            String file = in(ddl).replace("{codeIndex}", codeIndex(direct, expected, ddl));
            Truth start = TABLE.create(connection, ROWS);
            MigrationReport report;
            Truth end;
            try (Workload workload =
                    Workload.start(database::connect, start, Scenario.writers(System.nanoTime(), WRITERS))) {
                report = Scenario.migration(database, request(file, using)).run();
                end = workload.stop();
                assertThat(workload.errors()).isEmpty();
            }

            assertThat(report.strategy()).isEqualTo(Strategy.SHADOW);
            assertThat(report.verified()).isTrue();
            assertThat(report.keysApplied()).isPositive();
            Comparison comparison = Oracle.compare(connection, end, Expectation.unchanged(TABLE));
            assertThat(comparison.isExact()).as(comparison.toString()).isTrue();
            Scenario.assertNothingLeft(connection);
            direct.execute(
                    "SET search_path = %s; %s".formatted(TABLE.name().schema().sql(), file));
            assertThat(Scenario.list(connection, made(connection)))
                    .containsExactlyInAnyOrderElementsOf(Scenario.list(expected, made(expected)));
        }
    }

    static MigrationRequest request(String file, Map<Identifier, String> using) {
        return new MigrationRequest(
                new AlterRequest(Optional.of(TABLE.name().sql()), List.of(), using, List.of()).by(file),
                2,
                false,
                VerifyMode.FULL);
    }

    private static String made(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET search_path = " + TABLE.name().schema().sql());
        }
        return MADE.replace("{table}", "'%s'".formatted(TABLE.name().sql().replace("'", "''")));
    }

    /** The name that the server finds for an index without one. */
    private static String codeIndex(TestDatabase direct, Connection connection, String ddl) throws Exception {
        direct.execute("CREATE SCHEMA " + TABLE.name().schema().sql());
        if (!ddl.contains("{codeIndex}")) {
            return "";
        }
        String begin = in(ddl.substring(0, ddl.indexOf("CREATE INDEX h0_by_code")));
        direct.execute(
                "SET search_path = %s; %s".formatted(TABLE.name().schema().sql(), begin));
        String name = Scenario.list(connection, """
            SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'I' AND relname NOT LIKE '%pkey'
            """).getFirst();
        direct.execute("DROP TABLE " + TABLE.name().sql());
        return name;
    }
}
