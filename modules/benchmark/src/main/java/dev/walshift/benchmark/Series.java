package dev.walshift.benchmark;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * The same measured several times.
 *
 * @param values at least one, in the order in which they were measured
 */
record Series(List<Double> values) {
    Series {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("nothing was measured");
        }
        values = List.copyOf(values);
    }

    static <T> Series of(List<T> runs, ToDoubleFunction<T> figure) {
        return new Series(runs.stream().map(figure::applyAsDouble).toList());
    }

    double median() {
        return percentile(0.5);
    }

    double min() {
        return percentile(0);
    }

    double max() {
        return percentile(1);
    }

    /** Between two values the middle of the distance that {@code part} says. */
    double percentile(double part) {
        List<Double> sorted = values.stream().sorted().toList();
        double at = part * (sorted.size() - 1);
        double below = sorted.get((int) Math.floor(at));
        double above = sorted.get((int) Math.ceil(at));
        return below + (above - below) * (at - Math.floor(at));
    }

    /** What each value is of the other series' value of the same round. */
    Series over(Series other) {
        return new Series(IntStream.range(0, values.size())
                .mapToObj(i -> values.get(i) / other.values.get(i))
                .toList());
    }

    /** Median with minimum and maximum. */
    String text(int digits) {
        String format = "%%.%1$df (%%.%1$df – %%.%1$df)".formatted(digits);
        return String.format(Locale.ROOT, format, median(), min(), max());
    }
}
