package dev.walshift.engine;

import dev.walshift.postgres.ServerMessage;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;

/**
 * What to do when code of the application's, such as an event trigger or the function of a CHECK, does not find what it names without a
 * schema: our sessions search pg_catalog only.
 */
public final class UnqualifiedNames {
    /** Undefined table, function, object, parameter or schema; no schema to create in. */
    private static final Set<String> NOT_FOUND = Set.of("42P01", "42883", "42704", "3F000");

    private UnqualifiedNames() {}

    /**
     * The remedy.
     *
     * @param function as ALTER FUNCTION takes it, if it is known
     * @return empty if the failure is another one, or not one of a function
     */
    public static Optional<String> remedy(SQLException failure, Optional<String> function) {
        return NOT_FOUND.contains(String.valueOf(failure.getSQLState()))
                ? ServerMessage.of(failure)
                        .context()
                        .map(context ->
                                ("walshift's sessions search pg_catalog only. Give the function a path of its own"
                                    + " (ALTER FUNCTION %s SET search_path = ..., with the schemas of what it names),"
                                    + " or write the schemas in its body")
                                        .formatted(function.orElse("<the one named above>")))
                : Optional.empty();
    }
}
