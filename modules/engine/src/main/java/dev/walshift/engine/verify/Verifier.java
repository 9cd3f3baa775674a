package dev.walshift.engine.verify;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.journal.MigrationState;
import dev.walshift.engine.journal.VerifyProgress;
import dev.walshift.engine.journal.VerifyProgress.Scan;
import dev.walshift.engine.pace.Pace;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.ChunkSize;
import dev.walshift.postgres.Isolation;
import dev.walshift.postgres.Session;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares source and shadow both ways, some pages at a time, each time in an exact step of its own, so that no snapshot is held for
 * long. How far it came is in the journal, saved by the step that compared: an interrupted comparison goes on there.
 *
 * <p>What was compared once stays compared while later steps run: see {@link VerifyProgress}.
 *
 * <p>{@link #run} by one thread; {@link #done} by any.
 */
public final class Verifier {
    private static final Logger log = LoggerFactory.getLogger(Verifier.class);
    private static final ChunkSize FIRST_STEP = new ChunkSize(512, 1 << 17, Duration.ofMillis(500));
    /** Parts of a range for each of the server's workers, so that all end at about the same time. */
    private static final int PARTS_PER_WORKER = 2;

    private final Blueprint table;
    private final Journal journal;
    private final long migration;
    private final int workers;
    private final Pace pace;
    private final Comparison comparison;
    private final VerifyProgress progress;
    private volatile double done;

    /**
     * @param migration its number, for its place in the journal
     * @param workers of the server that may compare side by side
     * @param pace of the comparison; asked between two steps
     */
    public Verifier(Blueprint table, Journal journal, long migration, int workers, Pace pace) {
        this.table = table;
        this.journal = journal;
        this.migration = migration;
        this.workers = workers;
        this.pace = pace;
        this.comparison = new Comparison(table, workers);
        this.progress = new VerifyProgress(migration, table.source().oid());
    }

    /** Runs something in an exact step. */
    @FunctionalInterface
    public interface ExactState {
        void in(InTransaction work) throws SQLException;
    }

    /** What is run in it. */
    @FunctionalInterface
    public interface InTransaction {
        void run(Session transaction) throws SQLException;
    }

    /** The part that is done, 0 to 1. */
    public double done() {
        return done;
    }

    /**
     * Compares what is not yet compared. If rows differ, they are kept in a table, and the journal's state is
     * {@link MigrationState.Differs}, both committed with the state in which they differ.
     *
     * @param mode FULL or SAMPLE; what was compared in full need not be sampled
     * @param session to begin with
     * @throws MigrationException DIFFERENCE_FOUND, with the keys and columns of the first differences
     */
    public void run(Session session, VerifyMode mode, ExactState exactState, StopSignal stop) throws SQLException {
        List<Scan> scans = progress.scans(session);
        if (!serves(scans, mode)) {
            scans = begin(session, mode);
        }
        for (Scan scan : scans) {
            compare(scan, exactState, stop);
        }
    }

    private static boolean serves(List<Scan> scans, VerifyMode mode) {
        boolean full = scans.stream().allMatch(scan -> scan.seed().isEmpty());
        boolean over = scans.stream().allMatch(Scan::isDone);
        return !scans.isEmpty() && (full == (mode == VerifyMode.FULL) || (full && over));
    }

    private List<Scan> begin(Session session, VerifyMode mode) throws SQLException {
        OptionalLong seed = mode == VerifyMode.FULL
                ? OptionalLong.empty()
                : OptionalLong.of(ThreadLocalRandom.current().nextLong());
        seed.ifPresent(chosen -> log.info(
                "{}: comparing a random sample, seed {}", table.source().name(), chosen));
        return session.inTransaction(Isolation.READ_COMMITTED, tx -> {
            progress.begin(tx, seed, comparison.sourcePages(tx), comparison.shadowPages(tx));
            return progress.scans(tx);
        });
    }

    /** What a step came to: where the scan is then, or why there is no going on. */
    private record Step(Scan after, Duration elapsed, Optional<MigrationState.Differs> differs) {}

    private void compare(Scan begun, ExactState exactState, StopSignal stop) throws SQLException {
        Heaps heaps = heaps(begun);
        PageSelection pages = new PageSelection(heaps.total(), begun.seed());
        ChunkSize size = FIRST_STEP;
        Duration took = Duration.ZERO;
        Scan scan = begun;
        show(scan);
        while (!scan.isDone()) {
            long unused = pace.admit(took, 0, stop);
            Scan before = scan;
            long wanted = heaps.atOnce(scan.nextPage(), size.pages());
            PageSelection.Batch batch = pages.next(scan.nextPage(), wanted, workers * PARTS_PER_WORKER);
            AtomicReference<Step> step = new AtomicReference<>();
            exactState.in(
                    transaction -> step.set(compare(transaction, before, heaps.locate(batch.ranges()), batch.next())));
            Optional<MigrationState.Differs> differs = step.get().differs();
            if (differs.isPresent()) {
                throw new MigrationException(
                        ProblemCode.DIFFERENCE_FOUND,
                        differs.get().problem(),
                        differs.get().remedy());
            }
            scan = step.get().after();
            took = step.get().elapsed();
            size = size.after(took);
            show(scan);
        }
    }

    private Heaps heaps(Scan scan) {
        return switch (scan.direction()) {
            case SOURCE_TO_SHADOW -> new Heaps(table.sourceTree().names(), scan.heapPages());
            case SHADOW_TO_SOURCE -> new Heaps(table.heaps(), scan.heapPages());
        };
    }

    private Step compare(Session transaction, Scan scan, List<Heaps.Part> pages, long next) throws SQLException {
        long began = System.nanoTime();
        Comparison.Found found = comparison.count(transaction, scan.direction(), pages);
        Duration elapsed = Duration.ofNanos(System.nanoTime() - began);
        if (found.differing() == 0) {
            return new Step(progress.advance(transaction, scan, next, found.rows()), elapsed, Optional.empty());
        }
        MigrationState.Differs differs =
                differs(found.differing(), comparison.keep(transaction, scan.direction(), pages));
        journal.save(transaction, migration, differs);
        return new Step(scan, elapsed, Optional.of(differs));
    }

    private void show(Scan scan) {
        double part = scan.endPage() == 0 ? 1 : (double) scan.nextPage() / scan.endPage();
        done = switch (scan.direction()) {
            case SOURCE_TO_SHADOW -> part / 2;
            case SHADOW_TO_SOURCE -> 0.5 + part / 2;
        };
    }

    private MigrationState.Differs differs(long count, List<Difference> first) {
        String shown = first.stream().map(Difference::toString).collect(Collectors.joining("; "));
        return new MigrationState.Differs(
                "the new table is not equal to %s: %s%s"
                        .formatted(
                                table.source().name(),
                                shown,
                                count > first.size()
                                        ? "; and %d rows more nearby".formatted(count - first.size())
                                        : ""),
                "This must not happen: nothing was swapped, %s is as it was, slot and publication are removed. The rows are in %s, the new table is %s. Please report it with the statement and the server's version; then remove what was kept with: walshift abort %d"
                        .formatted(table.source().name(), comparison.evidence(), table.shadow(), migration));
    }
}
