package dev.walshift.testkit.workload;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/** How often each operation is drawn: its weight over the sum of all weights; an operation not named is never drawn. */
public record Mix(Map<Operation, Integer> weights) {
    public Mix {
        weights = Collections.unmodifiableMap(new EnumMap<>(weights));
        if (weights.values().stream().anyMatch(weight -> weight < 0) || sum(weights) == 0) {
            throw new IllegalArgumentException("weights must be 0 or more and not all 0, got %s".formatted(weights));
        }
    }

    /** Every operation, none of them rare. */
    public static Mix everything() {
        return new Mix(Map.ofEntries(
                Map.entry(Operation.INSERT, 15),
                Map.entry(Operation.UPDATE, 20),
                Map.entry(Operation.HOT_UPDATE, 10),
                Map.entry(Operation.WIDE_UPDATE, 5),
                Map.entry(Operation.KEY_UPDATE, 5),
                Map.entry(Operation.DELETE, 10),
                Map.entry(Operation.REINSERT, 8),
                Map.entry(Operation.SWAP, 8),
                Map.entry(Operation.MULTI_ROW, 8),
                Map.entry(Operation.ROLLBACK, 4),
                Map.entry(Operation.SAVEPOINT, 5),
                Map.entry(Operation.PREPARED, 2)));
    }

    /** What a shop does: mostly small updates and new orders. */
    public static Mix shop() {
        return new Mix(Map.of(
                Operation.INSERT, 25,
                Operation.UPDATE, 50,
                Operation.HOT_UPDATE, 10,
                Operation.DELETE, 5,
                Operation.MULTI_ROW, 8,
                Operation.ROLLBACK, 2));
    }

    /** The same mix without an operation, such as {@link Operation#PREPARED} where max_prepared_transactions is 0. */
    public Mix without(Operation operation) {
        return with(operation, 0);
    }

    /** The same mix with another weight for an operation. */
    public Mix with(Operation operation, int weight) {
        Map<Operation, Integer> changed = new EnumMap<>(weights);
        changed.put(operation, weight);
        return new Mix(changed);
    }

    Operation draw(SplittableRandom random) {
        int rest = random.nextInt(sum(weights));
        for (Map.Entry<Operation, Integer> entry : weights.entrySet()) {
            rest -= entry.getValue();
            if (rest < 0) {
                return entry.getKey();
            }
        }
        throw new IllegalStateException("drew beyond the sum of %s".formatted(weights));
    }

    private static int sum(Map<Operation, Integer> weights) {
        return weights.values().stream().collect(Collectors.summingInt(weight -> weight));
    }
}
