package dev.walshift.engine;

/**
 * Something that stands in the way.
 *
 * @param message what is wrong, by name
 * @param remedy what to do about it
 */
public record Problem(ProblemCode code, String message, String remedy) {
    public Problem {
        if (message.isBlank() || remedy.isBlank()) {
            throw new IllegalArgumentException("a problem needs a message and a remedy: " + code);
        }
    }
}
