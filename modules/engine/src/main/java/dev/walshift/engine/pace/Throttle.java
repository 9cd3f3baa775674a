package dev.walshift.engine.pace;

import dev.walshift.engine.StopSignal;
import java.time.Duration;
import java.util.Locale;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * Makes a crew of workers work no more than a share of its time: what a piece took is paid for, out of an account that fills as the share
 * says, before the same worker begins another one. With a share below one worker's part no two of them work at a time, and there are pauses
 * between; above that some work while others wait.
 *
 * <p>Any thread; {@link #set} and {@link #rest} by one.
 */
public final class Throttle {
    private static final Duration LOOK = Duration.ofMillis(20);

    /** Without news for so long nobody knows how the server fares: whoever can't measure slows down. */
    private static final Duration STALE_AFTER = Duration.ofSeconds(10);

    private static final double HALF = 0.5;

    private static final Duration IN_USE = Duration.ofSeconds(3);

    private final LongSupplier nanoTime;
    private double share;
    private double most = 1;
    private String reason = "the server is measured without us first";
    private boolean resting = true;
    private long setAt;
    private long askedAt;
    private long longestPiece;

    /** Of the whole crew, in nanoseconds; never more than nothing, as time that nobody used is not saved up. */
    private double account;

    private long accountAt;

    /** Of who asked last: what it works on goes on by itself, and has to be kept up with. */
    private double leastShare;

    private long worked;
    private long rested;

    public Throttle() {
        this(System::nanoTime);
    }

    /** @param nanoTime a clock like {@link System#nanoTime} */
    Throttle(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.setAt = nanoTime.getAsLong();
        this.accountAt = setAt;
        this.askedAt = setAt - IN_USE.toNanos();
    }

    /**
     * Sets the share of the crew's time that it may work.
     *
     * @param newMost what it would be if all were well
     * @param newReason why it is less than that, for people
     */
    synchronized void set(double newShare, double newMost, String newReason) {
        settle();
        share = newShare;
        most = newMost;
        reason = newReason;
        setAt = nanoTime.getAsLong();
    }

    /** Nobody begins a piece while this is so, whatever the share: for a look at the server without us. */
    synchronized void rest(boolean now) {
        settle();
        resting = now;
    }

    /** The share of its time that the crew may work now. */
    public synchronized double share() {
        return isStale() ? Math.min(share, ShareControl.LEAST) : share;
    }

    /** Whether it may not work more than half of its time: whatever can't be slowed down should begin with little. */
    public synchronized boolean isHeldBack() {
        return share() <= HALF;
    }

    private boolean isResting() {
        return resting && !isStale();
    }

    private boolean isStale() {
        return nanoTime.getAsLong() - setAt > STALE_AFTER.toNanos();
    }

    /** Why it is slower than it could be, for people; empty if it is not. */
    public synchronized String words() {
        if (isStale() && isInUse() && share > 0) {
            return "slowed down: for %s nothing could be measured"
                    .formatted(Units.time(Duration.ofNanos(nanoTime.getAsLong() - setAt)));
        }
        if (share == 0) {
            return "standing still: " + reason;
        }
        if (share >= most || !isInUse()) {
            return "";
        }
        return String.format(
                Locale.ROOT,
                "slowed down to %.0f %%: %s",
                share * 100,
                reason.isEmpty() ? "speeding up, all is well" : reason);
    }

    /** Whether somebody works, or waits, by this pace. */
    synchronized boolean isInUse() {
        return nanoTime.getAsLong() - askedAt < Math.max(IN_USE.toNanos(), 3 * longestPiece);
    }

    /** The longest of the pieces that were paid for lately. */
    synchronized Duration longestPiece() {
        return Duration.ofNanos(longestPiece);
    }

    /** The part of the crew's time so far that went by waiting, 0 to 1. */
    public synchronized double rested() {
        return worked + rested == 0 ? 0 : (double) rested / (worked + rested);
    }

    /**
     * The pace of each of so many workers that work side by side; one that works for all of them counts as one.
     *
     * @param workers that share this pace
     */
    public Pace among(int workers) {
        return among(workers, () -> 0);
    }

    /**
     * The same for work that has to get on while it goes on at all.
     *
     * @param least share of the time, 0 to 1, that such work has unless everything stands still; asked before each piece
     */
    public Pace among(int workers, DoubleSupplier least) {
        return (work, wantedBytes, stop) -> {
            long cost = work.toNanos() / workers;
            long began = begin(work.toNanos());
            stop.check();
            while (!admits(cost, least.getAsDouble())) {
                boolean unused = stop.await(LOOK);
                stop.check();
            }
            paid(cost, (nanoTime.getAsLong() - began) / workers);
            return wantedBytes;
        };
    }

    /** Waits while work stands still; for what can be put off, but not be done slowly. */
    public void awaitGo(StopSignal stop) {
        stop.check();
        while (share() == 0) {
            boolean unused = stop.await(LOOK);
            stop.check();
        }
    }

    private synchronized long begin(long piece) {
        longestPiece = Math.max(piece, longestPiece / 2);
        return nanoTime.getAsLong();
    }

    /** Whether the next piece may begin; if so, the last one is paid for. */
    synchronized boolean admits(long cost, double least) {
        askedAt = nanoTime.getAsLong();
        leastShare = least;
        settle();
        if (isResting() || share() == 0 || account < 0) {
            return false;
        }
        account -= cost;
        return true;
    }

    /** Counts what a piece cost, and how long its worker waited before it could pay. */
    synchronized void paid(long cost, long waited) {
        worked += cost;
        rested += waited;
    }

    private void settle() {
        long now = nanoTime.getAsLong();
        double fills = isResting() || share() == 0 ? 0 : Math.max(share(), leastShare);
        account = fills >= 1 ? 0 : Math.min(0, account + fills * (now - accountAt));
        accountAt = now;
    }
}
