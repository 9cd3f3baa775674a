package dev.walshift.cli.chaos;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.walshift.engine.migration.Phase;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Counts what campaigns did. One thread. */
final class Tally {
    private final long started = System.nanoTime();
    private final Map<FaultKind, Map<Phase, Integer>> faults = new EnumMap<>(FaultKind.class);
    private final Map<String, Long> counts = new TreeMap<>();

    void fault(FaultKind kind, Phase phase) {
        faults.computeIfAbsent(kind, unused -> new EnumMap<>(Phase.class)).merge(phase, 1, Integer::sum);
    }

    /** Counts anything else under a name of camelCase. */
    void add(String what, long amount) {
        counts.merge(what, amount, Long::sum);
    }

    int faults() {
        return List.of(Phase.values()).stream().mapToInt(this::of).sum();
    }

    private int of(Phase phase) {
        return faults.values().stream()
                .mapToInt(phases -> phases.getOrDefault(phase, 0))
                .sum();
    }

    private int of(FaultKind kind) {
        return faults.getOrDefault(kind, Map.of()).values().stream()
                .mapToInt(count -> count)
                .sum();
    }

    /** Any of {@code phases}, rather one that had few faults. */
    Phase scarce(List<Phase> phases, Random random) {
        double[] weights = phases.stream()
                .mapToDouble(phase -> 1 / Math.pow(1 + of(phase), 2))
                .toArray();
        double rest = random.nextDouble() * Arrays.stream(weights).sum();
        for (int i = 0; i < weights.length; i++) {
            rest -= weights[i];
            if (rest < 0) {
                return phases.get(i);
            }
        }
        return phases.getLast();
    }

    /** Kinds by phases, as a Markdown table, and the other counts below it. */
    String forPeople() {
        StringBuilder text = new StringBuilder("| fault |");
        List<Phase> phases = List.of(Phase.values());
        phases.forEach(phase -> text.append(" %s |".formatted(words(phase))));
        text.append(" all |\n|---|").append("--:|".repeat(phases.size() + 1)).append('\n');
        for (FaultKind kind : FaultKind.values()) {
            text.append("| %s |".formatted(words(kind)));
            Map<Phase, Integer> row = faults.getOrDefault(kind, Map.of());
            phases.forEach(phase -> text.append(" %d |".formatted(row.getOrDefault(phase, 0))));
            text.append(" %d |%n".formatted(of(kind)));
        }
        text.append("| all |");
        phases.forEach(phase -> text.append(" %d |".formatted(of(phase))));
        text.append(" %d |%n%n".formatted(faults()));
        counts.forEach((what, amount) -> text.append("- %s: %,d%n".formatted(what, amount)));
        return text.append("- seconds: %d%n".formatted(elapsed().toSeconds())).toString();
    }

    /** The same for machines. */
    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        ObjectNode kinds = json.putObject("faults");
        faults.forEach((kind, phases) -> {
            ObjectNode row = kinds.putObject(kind.name());
            phases.forEach((phase, count) -> row.put(phase.name(), count));
        });
        counts.forEach(json::put);
        return json.put("seconds", elapsed().toSeconds());
    }

    private Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - started);
    }

    private static String words(Enum<?> name) {
        return name.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
