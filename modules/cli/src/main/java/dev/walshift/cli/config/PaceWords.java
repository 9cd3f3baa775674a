package dev.walshift.cli.config;

import dev.walshift.engine.pace.PaceMode;
import java.util.Arrays;
import java.util.List;

/** What words about the pace mean. */
public final class PaceWords {
    private PaceWords() {}

    /**
     * A pace to begin with.
     *
     * @throws IllegalArgumentException with what is allowed, if it is none
     */
    public static PaceMode parseSetting(String text) {
        return parse(text, List.of(PaceMode.FULL, PaceMode.POLITE, PaceMode.NICE));
    }

    /**
     * A pace that a running migration may be told to take.
     *
     * @throws IllegalArgumentException with what is allowed, if it is none
     */
    public static PaceMode parseOrder(String text) {
        return parse(text, Arrays.asList(PaceMode.values()));
    }

    private static PaceMode parse(String text, List<PaceMode> allowed) {
        return allowed.stream()
                .filter(mode -> mode.word().equalsIgnoreCase(text.strip()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("%s is expected, got: %s"
                        .formatted(
                                String.join(
                                        ", ",
                                        allowed.stream().map(PaceMode::word).toList()),
                                text)));
    }

    /** SQL that is there. */
    public static String parseQuery(String text) {
        if (text.isBlank()) {
            throw new IllegalArgumentException("a query is expected, got none");
        }
        return text.strip();
    }

    /** Names of replicas, some perhaps several in one text with commas between; each of them once, and none that is blank. */
    public static List<String> splitReplicas(List<String> texts) {
        return texts.stream()
                .flatMap(text -> Arrays.stream(text.split(",")))
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .distinct()
                .toList();
    }
}
