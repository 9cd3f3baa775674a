package dev.walshift.postgres.connect;

import java.util.List;

/** Which of the servers will do: libpq's {@code target_session_attrs}. */
public enum TargetServer {
    ANY,
    /** Accepts writes: libpq's read-write and primary. */
    PRIMARY,
    /** libpq's read-only and standby. */
    STANDBY,
    /** A standby; without one, any server. */
    PREFER_STANDBY;

    /** The driver's targetServerType in each round through the servers. */
    List<String> rounds() {
        return switch (this) {
            case ANY -> List.of("any");
            case PRIMARY -> List.of("primary");
            case STANDBY -> List.of("secondary");
            case PREFER_STANDBY -> List.of("secondary", "any");
        };
    }

    static TargetServer of(String targetSessionAttrs) {
        return switch (targetSessionAttrs) {
            case "read-write", "primary" -> PRIMARY;
            case "read-only", "standby" -> STANDBY;
            case "prefer-standby" -> PREFER_STANDBY;
            default -> ANY;
        };
    }
}
