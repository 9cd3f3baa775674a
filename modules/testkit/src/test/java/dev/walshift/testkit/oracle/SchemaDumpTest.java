package dev.walshift.testkit.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.SQLException;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SchemaDumpTest {
    static List<ServerVersion> majors() {
        return PostgresServer.defaultMajors();
    }

    @ParameterizedTest
    @MethodSource("majors")
    void isTheSameForTheSameSchemaWhateverTheOids(ServerVersion major) throws SQLException {
        Museum museum = new Museum(EnumSet.allOf(Wing.class));
        try (TestDatabase one = SharedServers.freshDatabase(major);
                TestDatabase other = SharedServers.freshDatabase(major)) {
            museum.build(one);
            other.execute("CREATE TABLE x (a serial PRIMARY KEY, b text)", "DROP TABLE x");
            museum.build(other);

            SchemaDump dump = SchemaDump.of(one);

            assertThat(SchemaDump.of(other).differences(dump)).isEmpty();
        }
    }
}
