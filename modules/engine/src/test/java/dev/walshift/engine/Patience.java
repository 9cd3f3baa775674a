package dev.walshift.engine;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

/** How long tests wait for what comes in milliseconds: not for ever, but longer than a busy machine ever needs. */
public final class Patience {
    public static final Duration PATIENCE = Duration.ofSeconds(60);

    private Patience() {}

    /** {@link Awaitility#await()} with {@link #PATIENCE} instead of 10 s. */
    public static ConditionFactory await() {
        return Awaitility.await().atMost(PATIENCE);
    }
}
