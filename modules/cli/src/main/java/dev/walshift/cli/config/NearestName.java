package dev.walshift.cli.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Finds what somebody may have meant by a misspelt name. */
final class NearestName {
    /** More than a third of the letters wrong is another word, not a slip. */
    private static final int LETTERS_PER_SLIP = 3;
    /** Two letters in the wrong order are two replacements. */
    private static final int ALWAYS_ALLOWED = 2;

    private NearestName() {}

    static Optional<String> of(String name, Collection<String> known) {
        int slips = Math.max(ALWAYS_ALLOWED, name.length() / LETTERS_PER_SLIP);
        return known.stream()
                .filter(candidate -> distance(name, candidate) <= slips)
                .min(Comparator.comparingInt((String candidate) -> distance(name, candidate))
                        .thenComparing(Comparator.naturalOrder()));
    }

    /** Levenshtein's: the insertions, deletions and replacements of single characters that make {@code b} of {@code a}. */
    static int distance(String a, String b) {
        int[] previous = new int[b.length() + 1];
        int[] current = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            current[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(replaced, 1 + Math.min(previous[j], current[j - 1]));
            }
            int[] spare = previous;
            previous = current;
            current = spare;
        }
        return previous[b.length()];
    }
}
