package dev.walshift.engine.pace;

import dev.walshift.engine.StopSignal;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Slows those down who write WAL when the slot keeps too much of it: from half of the limit on they rest more and more of their time, from
 * nine tenths on all of it, until the slot has moved. What was admitted since the last measurement counts as kept. A slot that was not
 * measured for long counts as full.
 *
 * <p>Any thread.
 */
public final class WalPace implements Pace {
    /** Part of the limit from which on work slows down. */
    private static final double SLOWER_FROM = 0.5;

    /** Part of the limit from which on it stands still; what is left is for the application. */
    private static final double STILL_FROM = 0.9;

    /** Who may work less stands still: ever smaller shares would only come nearer to the limit without an end. */
    private static final double LEAST_SHARE = 0.05;

    /** Smaller pieces cost more than they write. */
    private static final long LEAST_BYTES = 128 << 10;

    private static final Duration STALE_AFTER = Duration.ofSeconds(10);
    private static final Duration RECENTLY = Duration.ofSeconds(3);
    private static final Duration LOOK = Duration.ofMillis(100);

    private final LongSupplier nanoTime;
    private final AtomicLong admitted = new AtomicLong();
    private volatile Measurement latest;
    private volatile Optional<Long> restedAt = Optional.empty();

    private record Measurement(long kept, long most, long at) {}

    public WalPace() {
        this(System::nanoTime);
    }

    /** @param nanoTime a clock like {@link System#nanoTime} */
    WalPace(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.latest = new Measurement(0, Long.MAX_VALUE, nanoTime.getAsLong());
    }

    /**
     * Takes notice of a measurement.
     *
     * @param kept bytes of WAL that the server keeps for the slot
     * @param limit of them
     */
    public void measured(long kept, Limit<Long> limit) {
        admitted.set(0);
        latest = new Measurement(kept, limit.most().orElse(Long.MAX_VALUE), nanoTime.getAsLong());
    }

    /** The part of its time that a worker may work now: 1 is full speed, 0 stands still. */
    public double share() {
        Measurement measurement = latest;
        if (nanoTime.getAsLong() - measurement.at() > STALE_AFTER.toNanos()) {
            return 0;
        }
        double part = ((double) measurement.kept() + admitted.get()) / measurement.most();
        double share = Math.clamp((STILL_FROM - part) / (STILL_FROM - SLOWER_FROM), 0, 1);
        return share < LEAST_SHARE ? 0 : share;
    }

    @Override
    public long admit(Duration work, long wantedBytes, StopSignal stop) {
        stop.check();
        long began = nanoTime.getAsLong();
        while (!isRested(work, Duration.ofNanos(nanoTime.getAsLong() - began))) {
            restedAt = Optional.of(nanoTime.getAsLong());
            boolean unused = stop.await(LOOK);
            stop.check();
        }
        long bytes = Math.min(wantedBytes, Math.max(LEAST_BYTES, room() / 2));
        admitted.addAndGet(bytes);
        return bytes;
    }

    /** Whether somebody rested within the last seconds. */
    public boolean slowsDown() {
        return restedAt.filter(at -> nanoTime.getAsLong() - at < RECENTLY.toNanos())
                .isPresent();
    }

    /** By what is measured now: while somebody rests, the slot may move or fall back further. */
    boolean isRested(Duration work, Duration rested) {
        double share = share();
        return share > 0 && rested.toNanos() >= work.toNanos() * (1 / share - 1);
    }

    private long room() {
        Measurement measurement = latest;
        return (long) (measurement.most() * STILL_FROM) - measurement.kept() - admitted.get();
    }
}
