package dev.walshift.cli.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.migration.Phase;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/**
 * Disturbs real processes of walshift at random instants of all phases, beside writers that never stop, until so many faults have
 * happened as {@code walshift.chaos.faults} says. Tables, changes and workloads depend on {@code walshift.test.seed} alone; faults and their
 * instants on the machine too.
 */
@TestInstance(Lifecycle.PER_CLASS)
final class ChaosCampaignTest {
    private static final int FAULTS = Integer.getInteger("walshift.chaos.faults", 30);
    private static final long SEED = Long.getLong("walshift.test.seed", new Random().nextInt(1_000_000));
    private static final int FEWEST_FAULTS = 5;
    private static final int MORE_FAULTS = 6;

    /** Of all servers. */
    private final Tally tally = new Tally();

    static List<ServerVersion> majors() {
        return PostgresServer.defaultMajors();
    }

    @ParameterizedTest
    @OnMajors(each = true)
    void isExactWhateverFails(ServerVersion major, @TempDir Path folder) throws Exception {
        int wanted = (FAULTS + majors().size() - 1) / majors().size();
        String repeat = "mvn -Pchaos verify -Dwalshift.test.seed=%d -Dwalshift.chaos.faults=%d -Dwalshift.servers=%s"
                .formatted(SEED, wanted, major);
        System.out.println("Chaos campaign; repeat with: " + repeat);
        Random random = new Random(SEED * 100 + major.major());
        int before = tally.faults();
        try (PrintWriter diary = new PrintWriter(
                        Files.newBufferedWriter(reports().resolve("diary-%s.txt".formatted(major)), UTF_8), true);
                Arena arena = Arena.open(PostgresServer.start(major), tally, folder, diary)) {
            diary.println("repeat with: " + repeat);
            while (tally.faults() - before < wanted) {
                int left = wanted - (tally.faults() - before);
                int faults = Math.min(left, FEWEST_FAULTS + random.nextInt(MORE_FAULTS));
                Ordeal.run(arena, new Random(random.nextLong()), faults);
                assertThat(List.of(Phase.values())).as("phases").allMatch(arena.tracker()::hasSeen);
            }
        } catch (Throwable e) {
            throw new AssertionError("repeat with: " + repeat, e);
        }
    }

    private static Path reports() throws IOException {
        return Files.createDirectories(Path.of("target", "chaos"));
    }

    @AfterAll
    void report() throws IOException {
        String text = "Chaos campaign, seed %d, PostgreSQL %s%n%n%s".formatted(SEED, majors(), tally.forPeople());
        String json = tally.json()
                .put("seed", SEED)
                .put("servers", majors().toString())
                .toString();
        System.out.println(text);
        System.out.println(json);
        Files.writeString(reports().resolve("report.md"), text, UTF_8);
        Files.writeString(reports().resolve("report.json"), json, UTF_8);
    }
}
