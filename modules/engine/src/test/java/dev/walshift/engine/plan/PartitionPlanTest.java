package dev.walshift.engine.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.table.Blueprint;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;

/** What is made ready for a partition's place in its parent. */
final class PartitionPlanTest {
    private static final String PARENT = Bench.S + ".parent";
    private static final String BOUND = "FOR VALUES FROM (1, MINVALUE) TO (5, 'm')";

    /** ATTACH PARTITION would read every row under the lock; the server says in its log that it need not. */
    @ParameterizedTest
    @OnMajors
    void theShadowSaysByAConstraintWhatAttachingWouldLookFor(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    "CREATE TABLE %s (a int, b text, id int) PARTITION BY RANGE (a, b)".formatted(PARENT),
                    "CREATE TABLE %s PARTITION OF %s %s".formatted(Bench.T, PARENT, BOUND),
                    "ALTER TABLE %s ADD PRIMARY KEY (id)".formatted(Bench.T));
            Blueprint blueprint = bench.createShadow(Bench.alter());

            List<String> said = said(
                    bench,
                    "ALTER TABLE %s DETACH PARTITION %s".formatted(PARENT, Bench.T),
                    "ALTER TABLE %s ATTACH PARTITION %s %s"
                            .formatted(PARENT, blueprint.shadow().sql(), BOUND));

            assertThat(said).anyMatch(message -> message.contains("is implied by existing constraints"));
        }
    }

    private static List<String> said(Bench bench, String... statements) throws SQLException {
        List<String> messages = new ArrayList<>();
        try (Connection connection = bench.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("SET client_min_messages = debug1");
            for (String sql : statements) {
                statement.execute(sql);
                for (SQLWarning warning = statement.getWarnings();
                        warning != null;
                        warning = warning.getNextWarning()) {
                    messages.add(warning.getMessage());
                }
            }
        }
        return messages;
    }
}
