package dev.walshift.postgres.connect;

import java.util.List;

/** The settings given cannot be used. Holds every problem found, and no password in any of them. */
public final class ConnectionSettingsException extends IllegalArgumentException {
    private final transient List<String> problems;

    ConnectionSettingsException(List<String> problems) {
        super("the connection settings cannot be used:\n- " + String.join("\n- ", problems));
        this.problems = List.copyOf(problems);
    }

    /** What is wrong and how to mend it, one sentence or two each; at least one. */
    public List<String> problems() {
        return problems;
    }
}
