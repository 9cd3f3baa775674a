package dev.walshift.testkit.workload;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * How long things took: counts in buckets whose width grows with the value, as HdrHistogram's do, so that every answer is at
 * most 1/32 above the true one. Immutable.
 */
public final class Latency {
    /** Buckets for each power of two; smaller values, in microseconds, have a bucket each. */
    private static final int SUB_BUCKETS = 32;

    private static final int SUB_BUCKET_BITS = 5;
    private static final int BUCKETS = SUB_BUCKETS * 40;

    private final long[] counts;

    private Latency(long[] counts) {
        this.counts = counts;
    }

    /** Where several threads count while others look. */
    static final class Recorder {
        private final AtomicLongArray counts = new AtomicLongArray(BUCKETS);

        void record(long nanos) {
            counts.incrementAndGet(bucket(TimeUnit.NANOSECONDS.toMicros(nanos)));
        }

        Latency snapshot() {
            long[] copy = new long[BUCKETS];
            Arrays.setAll(copy, counts::get);
            return new Latency(copy);
        }
    }

    private static int bucket(long micros) {
        int shift = Math.max(0, Long.SIZE - Long.numberOfLeadingZeros(micros) - SUB_BUCKET_BITS - 1);
        return (int) Math.min(BUCKETS - 1L, (long) shift * SUB_BUCKETS + (micros >>> shift));
    }

    private static Duration upperEdge(int bucket) {
        int shift = Math.max(0, bucket / SUB_BUCKETS - 1);
        long micros = ((bucket - (long) shift * SUB_BUCKETS + 1) << shift) - 1;
        return Duration.of(micros, ChronoUnit.MICROS);
    }

    /** What was counted after {@code earlier}, a snapshot of the same recorder. */
    public Latency since(Latency earlier) {
        long[] rest = new long[BUCKETS];
        Arrays.setAll(rest, i -> counts[i] - earlier.counts[i]);
        return new Latency(rest);
    }

    /** Both together. */
    public Latency plus(Latency other) {
        long[] sum = new long[BUCKETS];
        Arrays.setAll(sum, i -> counts[i] + other.counts[i]);
        return new Latency(sum);
    }

    static Latency none() {
        return new Latency(new long[BUCKETS]);
    }

    public long count() {
        return Arrays.stream(counts).sum();
    }

    /**
     * The time that a share of all stayed at or below; zero if there is none.
     *
     * @param share above 0, up to 1, for example 0.99
     */
    public Duration percentile(double share) {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("share must be above 0 and up to 1, got %s".formatted(share));
        }
        long rank = (long) Math.ceil(count() * share);
        long passed = 0;
        for (int i = 0; i < BUCKETS && rank > 0; i++) {
            passed += counts[i];
            if (passed >= rank) {
                return upperEdge(i);
            }
        }
        return Duration.ZERO;
    }

    public Duration p50() {
        return percentile(0.5);
    }

    public Duration p99() {
        return percentile(0.99);
    }

    public Duration worst() {
        return percentile(1);
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%d: p50 %.1f ms, p99 %.1f ms, worst %.1f ms",
                count(),
                p50().toNanos() / 1e6,
                p99().toNanos() / 1e6,
                worst().toNanos() / 1e6);
    }
}
