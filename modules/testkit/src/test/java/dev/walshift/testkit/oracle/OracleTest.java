package dev.walshift.testkit.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import dev.walshift.testkit.oracle.Difference.Kind;
import dev.walshift.testkit.workload.Column;
import dev.walshift.testkit.workload.KeyKind;
import dev.walshift.testkit.workload.Truth;
import dev.walshift.testkit.workload.WorkloadTable;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OracleTest {
    private static final int ROWS = 300;

    private final WorkloadTable table = WorkloadTable.hostile(KeyKind.TEXT);
    private final String name = table.name().sql();
    private final String key = table.keyColumns().getFirst().sql();
    private TestDatabase database;
    private Connection connection;
    private Truth truth;

    @BeforeEach
    void createTable() throws SQLException {
        database = SharedServers.freshDatabase();
        connection = database.connect();
        truth = table.create(connection, ROWS);
    }

    @AfterEach
    void dropTable() throws SQLException {
        connection.close();
        database.close();
    }

    @Test
    void findsALostRow() throws SQLException {
        execute("DELETE FROM %s WHERE %s LIKE '%%\"7\"%%'".formatted(name, key));

        Comparison comparison = compare();

        assertThat(comparison.expectedRows()).isEqualTo(ROWS);
        assertThat(comparison.foundRows()).isEqualTo(ROWS - 1);
        assertThat(comparison.differences()).singleElement().satisfies(difference -> {
            assertThat(difference.kind()).isEqualTo(Kind.MISSING);
            assertThat(difference.key()).isEqualTo("kéy \"7\" it's \\");
        });
        assertThatThrownBy(comparison::requireExact)
                .isInstanceOf(AssertionError.class)
                .hasMessageStartingWith("300 rows expected, 299 found, 1 differences")
                .hasMessageContaining("MISSING");
    }

    @Test
    void findsADoubledRow() throws SQLException {
        execute("CREATE TABLE doubled AS TABLE " + name, "INSERT INTO doubled SELECT * FROM doubled LIMIT 1");

        Comparison comparison =
                Oracle.compare(connection, QualifiedName.of("public", "doubled"), truth, Expectation.unchanged(table));

        assertThat(comparison.differences()).singleElement().satisfies(difference -> {
            assertThat(difference.kind()).isEqualTo(Kind.UNEXPECTED);
            assertThat(difference.detail()).startsWith("is there more than once");
        });
    }

    @Test
    void findsAStaleValueAndANullAndARowThatNobodyWrote() throws SQLException {
        String amount = table.column(Column.AMOUNT).sql();
        String code = table.column(Column.CODE).sql();
        execute(
                "UPDATE %s SET %s = 0.01 WHERE %s = 'base 8'".formatted(name, amount, code),
                "UPDATE %s SET %s = NULL WHERE %s = 'base 9'".formatted(name, amount, code),
                "INSERT INTO %s (%s, %s) VALUES ('nobody''s', 'x')".formatted(name, key, code));

        Comparison comparison = compare();

        assertThat(comparison.differences())
                .extracting(Difference::kind)
                .containsExactlyInAnyOrder(Kind.DIFFERENT, Kind.DIFFERENT, Kind.UNEXPECTED);
        assertThat(comparison.differences())
                .extracting(Difference::detail)
                .contains("Amount, net should be '0.08' but is '0.01'", "Amount, net should be '0.09' but is NULL");
    }

    @Test
    void keepsTheFirstTwentyDifferencesAndCountsAll() throws SQLException {
        execute("DELETE FROM " + name);

        Comparison comparison = compare();

        assertThat(comparison.differenceCount()).isEqualTo(ROWS);
        assertThat(comparison.differences()).hasSize(20);
    }

    @Test
    void followsWhatTheMigrationChanges() throws SQLException {
        Identifier amount = table.column(Column.AMOUNT);
        Identifier payload = table.column(Column.PAYLOAD);
        execute("""
            ALTER TABLE %s RENAME COLUMN %s TO "new ""key"
            """.formatted(name, key), """
                ALTER TABLE %s DROP COLUMN %s,
                    ALTER COLUMN %s TYPE bigint USING (%3$s * 100)::bigint,
                    ADD COLUMN added int NOT NULL DEFAULT 5
                """.formatted(name, payload.sql(), amount.sql()));
        Expectation expectation = Expectation.unchanged(table)
                .renamed(table.keyColumns().getFirst(), new Identifier("new \"key"))
                .dropped(payload)
                .converted(amount, text -> text.map(t -> t.replace(".", "").replaceFirst("^0+(?=.)", "")))
                .computed(new Identifier("added"), row -> Optional.of("5"));

        Oracle.compare(connection, truth, expectation).requireExact();
    }

    @Test
    void twinOracleAcceptsTheSameAlterAndNothingElse() throws SQLException {
        String actions = "ALTER COLUMN %s TYPE bigint, ADD COLUMN added timestamptz DEFAULT clock_timestamp()"
                .formatted(table.column(Column.COUNTER).sql());
        execute("ALTER TABLE %s %s".formatted(name, actions));
        assertThat(compareWithTwin(actions).differences()).isEmpty();

        execute("UPDATE %s SET %s = 7 WHERE %s LIKE '%%\"7\"%%'"
                .formatted(name, table.column(Column.COUNTER).sql(), key));
        assertThat(compareWithTwin(actions).differences())
                .extracting(Difference::kind)
                .containsExactly(Kind.MISSING, Kind.UNEXPECTED);

        execute("ALTER TABLE %s DROP COLUMN added, ADD COLUMN other int".formatted(name));
        assertThat(compareWithTwin(actions).differences())
                .extracting(Difference::key)
                .contains("\"added\"", "\"other\"");
    }

    private Comparison compareWithTwin(String actions) throws SQLException {
        return TwinOracle.compare(
                connection, truth, QualifiedName.of("public", "twin"), actions, Set.of(new Identifier("added")));
    }

    private Comparison compare() throws SQLException {
        return Oracle.compare(connection, truth, Expectation.unchanged(table));
    }

    private void execute(String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }
}
