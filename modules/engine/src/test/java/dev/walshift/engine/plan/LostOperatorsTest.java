package dev.walshift.engine.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.Problem;
import dev.walshift.engine.migration.TestConnections;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Citext would be compared as text: what says so is refused, and what names its operators goes over. */
final class LostOperatorsTest {
    private static final String TABLE = "CREATE TABLE \"T;\" (id int PRIMARY KEY, mail citext, other citext)";
    private static final String FUNCTION =
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'";

    /** What uses an operator of citext's; {@code %s} is a condition. */
    static Stream<Arguments> users() {
        return Stream.of(
                        "ALTER TABLE \"T;\" ADD CONSTRAINT \"c;\" CHECK (%s)",
                        "ALTER TABLE \"T;\" ADD \"c;\" boolean GENERATED ALWAYS AS (%s) STORED",
                        "CREATE INDEX \"c;\" ON \"T;\" (id) WHERE %s",
                        "CREATE POLICY \"c;\" ON \"T;\" USING (%s)",
                        "CREATE RULE \"c;\" AS ON INSERT TO \"T;\" DO ALSO DELETE FROM elsewhere"
                                + " WHERE EXISTS (SELECT FROM \"T;\" WHERE %s)")
                .map(Arguments::of);
    }

    static Stream<Arguments> usersOnServers() {
        return users().flatMap(user ->
                PostgresServer.sampledMajors(user.get()).stream().map(major -> Arguments.of(user.get()[0], major)));
    }

    @ParameterizedTest
    @MethodSource("usersOnServers")
    void refusesWhatWouldBeComparedOtherwise(String user, ServerVersion major) throws Exception {
        assertThat(problems(major, user.formatted("mail IS DISTINCT FROM other")))
                .singleElement()
                .satisfies(problem -> assertThat(problem.message())
                        .contains(
                                "c;",
                                "made anew it would no longer use operator public.=(public.citext,public.citext)"));
        assertThat(problems(major, user.formatted("mail = other"))).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("dev.walshift.testkit.PostgresServer#defaultMajors")
    void refusesATriggerThatWouldFireOtherwise(ServerVersion major) throws Exception {
        String trigger = "CREATE TRIGGER \"c;\" BEFORE UPDATE ON \"T;\" FOR EACH ROW WHEN (%s) EXECUTE FUNCTION f()";

        assertThat(problems(major, trigger.formatted("OLD.mail IS DISTINCT FROM NEW.mail")))
                .singleElement()
                .satisfies(problem ->
                        assertThat(problem.message()).contains("c;", "would no longer use operator public.="));
        assertThat(problems(major, trigger.formatted("OLD.mail <> NEW.mail"))).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("dev.walshift.testkit.PostgresServer#defaultMajors")
    void aForeignKeyNamesItsOperatorsByItsColumns(ServerVersion major) throws Exception {
        assertThat(problems(
                        major,
                        "CREATE TABLE k (k citext PRIMARY KEY); ALTER TABLE \"T;\" ADD FOREIGN KEY (mail)"
                                + " REFERENCES k"))
                .isEmpty();
    }

    private static List<Problem> problems(ServerVersion major, String user) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major)) {
            database.execute("CREATE EXTENSION citext", FUNCTION, "CREATE TABLE elsewhere (id int)", TABLE, user);
            AlterRequest request =
                    new AlterRequest(Optional.of("\"T;\""), List.of("ALTER id TYPE bigint"), Map.of(), List.of());
            return new Planner(TestConnections.database(database)).plan(request).problems();
        }
    }
}
