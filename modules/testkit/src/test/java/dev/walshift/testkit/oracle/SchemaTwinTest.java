package dev.walshift.testkit.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.testkit.PostgresServer;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;

class SchemaTwinTest {
    @Test
    void findsOtherRowsAndEarlierSequenceValuesButNoLaterOnes() throws Exception {
        Museum museum = new Museum(EnumSet.of(Wing.SEQUENCES, Wing.MATERIALIZED_VIEWS));
        try (SchemaTwin twin = SchemaTwin.build(PostgresServer.defaultMajors().getLast(), museum)) {
            assertThat(twin.differences(MuseumChange.REBUILD)).isEmpty();

            // Later is less where a sequence counts down.
            twin.migrated()
                    .execute(
                            Museum.fill("SELECT nextval('{s}.\"s by hand\"'), nextval('{s}.\"s idéntity\"')"),
                            Museum.fill("SELECT setval('{s}.\"s nobody''s\"', 202)"));
            assertThat(twin.differences(MuseumChange.REBUILD)).isEmpty();

            twin.migrated()
                    .execute(
                            Museum.fill("SELECT setval('{s}.\"s by hand\"', 9)"),
                            Museum.fill("SELECT setval('{s}.\"s idéntity\"', 1000000, false)"),
                            Museum.fill("SELECT setval('{s}.\"s nobody''s\"', 200, false)"),
                            Museum.fill("UPDATE {t} SET spare = 7 WHERE id = 7"),
                            Museum.fill("DELETE FROM {t} WHERE id = 8"));

            assertThat(twin.differences(MuseumChange.REBUILD))
                    .satisfiesExactlyInAnyOrder(
                            line -> assertThat(line)
                                    .startsWith(Museum.fill("rows of {t}: 2 missing, such as"))
                                    .contains("; 1 too many, such as"),
                            line -> assertThat(line)
                                    .startsWith(Museum.fill("sequence {s}.\"s by hand\": the next value should be"))
                                    .endsWith("or later but is 11"),
                            line -> assertThat(line)
                                    .startsWith(Museum.fill("sequence {s}.\"s idéntity\": the next value should be"))
                                    .endsWith("or later but is 1000000"),
                            line -> assertThat(line)
                                    .startsWith(Museum.fill("sequence {s}.\"s nobody's\": the next value should be"))
                                    .endsWith("or later but is 200"));
        }
    }
}
