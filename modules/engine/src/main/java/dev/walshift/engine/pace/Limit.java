package dev.walshift.engine.pace;

import java.util.Optional;

/**
 * The most of something that a migration may use.
 *
 * @param most empty if there is no limit
 */
public record Limit<T>(Optional<T> most) {

    public static <T> Limit<T> at(T most) {
        return new Limit<>(Optional.of(most));
    }

    public static <T> Limit<T> off() {
        return new Limit<>(Optional.empty());
    }
}
