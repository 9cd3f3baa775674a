package dev.walshift.engine.migration;

import static java.util.stream.Collectors.joining;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Gathers a migration's figures: time spent in each phase, and where the present one stands. Written by the migration's thread, read by any.
 */
final class Meter {
    private static final double ETA_FROM = 0.02;

    private final Map<Phase, Duration> phases = new LinkedHashMap<>();
    private Phase phase = Phase.PLAN;
    private long phaseBegan = System.nanoTime();
    private Supplier<Optional<Double>> done = Optional::empty;
    private LongSupplier rowsCopied = () -> 0;
    private LongSupplier keysWaiting = () -> 0;
    private final AtomicLong keysApplied = new AtomicLong();
    private LongSupplier slotLag = () -> 0;
    private String detail = "";
    private Supplier<String> warnings = () -> "";
    private Supplier<String> pace = () -> "";
    private long rateBegan;
    private long rateRows;
    private long rate;

    synchronized void enter(Phase next, Supplier<Optional<Double>> doneInPhase) {
        leave();
        phase = next;
        phaseBegan = System.nanoTime();
        done = doneInPhase;
        detail = "";
        rateBegan = 0;
    }

    synchronized void leave() {
        phases.merge(phase, elapsed(), Duration::plus);
        phaseBegan = System.nanoTime();
    }

    private Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - phaseBegan);
    }

    synchronized Map<Phase, Duration> phases() {
        return new LinkedHashMap<>(phases);
    }

    synchronized void rowsCopied(LongSupplier supplier) {
        rowsCopied = supplier;
    }

    synchronized void keysWaiting(LongSupplier waiting) {
        keysWaiting = waiting;
    }

    /** Counts keys applied; over all attempts of this process. */
    AtomicLong applied() {
        return keysApplied;
    }

    synchronized void slotLag(LongSupplier supplier) {
        slotLag = supplier;
    }

    synchronized void detail(String text) {
        detail = text;
    }

    /** What is near a limit, in words; empty if nothing is. */
    synchronized void warnings(Supplier<String> supplier) {
        warnings = supplier;
    }

    /** Why the pace is slower than it could be, in words; empty if it is not. */
    synchronized void pace(Supplier<String> supplier) {
        pace = supplier;
    }

    private String details() {
        return Stream.of(detail, pace.get(), warnings.get())
                .filter(text -> !text.isEmpty())
                .collect(joining("; "));
    }

    synchronized long rowsCopied() {
        return rowsCopied.getAsLong();
    }

    long keysApplied() {
        return keysApplied.get();
    }

    synchronized MigrationProgress progress() {
        Duration elapsed = elapsed();
        Optional<Double> part = done.get();
        Optional<Duration> eta =
                part.filter(p -> p >= ETA_FROM).map(p -> Duration.ofNanos((long) (elapsed.toNanos() * (1 - p) / p)));
        return new MigrationProgress(
                phase,
                elapsed,
                part,
                eta,
                rowsCopied.getAsLong(),
                rate(),
                keysWaiting.getAsLong(),
                keysApplied.get(),
                slotLag.getAsLong(),
                details());
    }

    /** Rows a second between this call and the last one that is at least half a second ago. */
    private long rate() {
        long now = System.nanoTime();
        long rows = rowsCopied.getAsLong();
        long nanos = now - rateBegan;
        if (rateBegan == 0 || nanos > 500_000_000L) {
            rate = rateBegan == 0 || phase != Phase.COPY ? 0 : (rows - rateRows) * 1_000_000_000L / nanos;
            rateBegan = now;
            rateRows = rows;
        }
        return phase == Phase.COPY ? rate : 0;
    }
}
