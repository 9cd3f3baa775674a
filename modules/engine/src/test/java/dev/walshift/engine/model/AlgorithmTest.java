package dev.walshift.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.model.Migrator.Violation;
import dev.walshift.engine.model.Schedule.Outcome;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The algorithm without the server: a small PostgreSQL ({@link Server}, {@link Slot}) and walshift's actors ({@link Pump}, {@link
 * KeyLog}, {@link Migrator}) step in an order drawn from a seed, beside writers. With all rules no run violates anything; with any one
 * of them taken out, a run that does is found at once.
 *
 * <p>The real code: {@code Setup.create} and {@code beginCopy} are the migrator's steps up to the copy, {@code FencedCopy} its page,
 * {@code BulkStep}, {@code ExactStep} and {@code Cutover} the rest; {@code ChangePump} is the pump; each {@link Rule} names its place.
 * Left out are what the model can't tell apart from their absence: frozen versions whose raw xmin falls into the fence's window,
 * subtransactions, and a source that is rewritten.
 *
 * <p>A run is repeated by its seed, {@code -Dwalshift.model.seed}; {@code -Dwalshift.model.runs} makes more of them.
 */
class AlgorithmTest {
    private static final int RUNS = Integer.getInteger("walshift.model.runs", 20_000);
    private static final long FIRST_SEED = Long.getLong("walshift.model.seed", new Random().nextInt(Integer.MAX_VALUE));

    /** The rarest violation is met about once in a few hundred runs; the search ends with the first. */
    private static final int RUNS_TO_FIND_ONE = 50_000;

    private static Stream<Outcome> run(int runs, Set<Rule> rules) {
        return LongStream.range(FIRST_SEED, FIRST_SEED + runs).mapToObj(seed -> Schedule.run(seed, rules));
    }

    private static Set<Rule> allBut(Rule rule) {
        return EnumSet.complementOf(EnumSet.of(rule));
    }

    @Test
    void withAllItsRulesNothingIsEverLostOrDoubled() {
        System.out.printf("walshift.model.seed=%d walshift.model.runs=%d%n", FIRST_SEED, RUNS);
        Optional<Outcome> violated = run(RUNS, EnumSet.allOf(Rule.class))
                .filter(outcome -> outcome.violation().isPresent())
                .findFirst();

        assertThat(violated).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "VISIBILITY_CHECK, LOST_UPDATE",
        "VISIBILITY_CHECK, NOT_EXACT",
        "FENCE_WAIT, LOST_UPDATE",
        "FENCE_WAIT, ROW_TWICE",
        "MARKER, LOST_UPDATE",
        "MARKER, NOT_EXACT",
        "MARKER_AFTER_SNAPSHOT, NOT_EXACT",
        "FENCE_IS_OWN_XID, LOST_UPDATE",
        "SLOT_BEFORE_FENCE, LOST_UPDATE",
        "PAGES_COUNTED_LAST, LOST_UPDATE",
        "REMOVAL_BY_ROW_ID, LOST_UPDATE",
        "DURABLE_BEFORE_CONFIRMED, LOST_UPDATE"
    })
    void withoutAnyOneOfItsRulesItGoesWrongAtOnce(Rule rule, Violation violation) {
        Optional<Outcome> found = run(RUNS_TO_FIND_ONE, allBut(rule))
                .filter(outcome -> outcome.violation().equals(Optional.of(violation)))
                .findFirst();

        assertThat(found).as("%s without %s", violation, rule).isPresent();
        System.out.printf(
                "%s without %s: run %d%n", violation, rule, found.get().seed() - FIRST_SEED + 1);
    }
}
