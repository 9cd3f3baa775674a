package dev.walshift.postgres.connect;

import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The parameters found so far, where each came from, and everything that is wrong with them. Sources are read in libpq's
 * order: connection string, service, environment; the first to name a parameter decides. Lives for one
 * {@link ConnectionSettings#resolve}; not thread-safe.
 */
final class GivenParameters {
    /** A value that can be shown; anything else could be a piece of a password that was written without its escapes. */
    private static final Pattern PLAIN = Pattern.compile("[\\w.,:/-]{0,80}");

    private static final String CONNECTION_STRING = "the connection string";

    private final Map<Parameter, Given> values = new EnumMap<>(Parameter.class);
    private final Set<String> problems = new LinkedHashSet<>();

    private record Given(String value, String origin) {
        /** Not the value: it may be a password. */
        @Override
        public String toString() {
            return origin;
        }
    }

    /** Sets what the connection string says; a parameter said twice counts as said last. */
    void setFromConnectionString(Parameter parameter, String value) {
        values.put(parameter, new Given(value, CONNECTION_STRING));
    }

    /** @param origin as it shall be named in messages */
    void setIfAbsent(Parameter parameter, String value, String origin) {
        values.putIfAbsent(parameter, new Given(value, origin));
    }

    /** Fills in what nobody said from libpq's environment variables. A variable that is set but empty counts, as in libpq. */
    void fillFrom(Map<String, String> environment) {
        for (Parameter parameter : Parameter.values()) {
            parameter
                    .variable()
                    .ifPresent(variable -> Optional.ofNullable(environment.get(variable))
                            .ifPresent(value -> setIfAbsent(parameter, value, variable)));
        }
        // Deprecated, but to overlook it would be to overlook a wish for encryption.
        if (environment.getOrDefault("PGREQUIRESSL", "").startsWith("1")) {
            setIfAbsent(Parameter.SSLMODE, "require", "PGREQUIRESSL");
        }
    }

    Optional<String> value(Parameter parameter) {
        return Optional.ofNullable(values.get(parameter)).map(Given::value);
    }

    /** The value, unless it is empty: libpq then takes the default for host, port, user, database, passwords and files. */
    Optional<String> nonEmpty(Parameter parameter) {
        return value(parameter).filter(value -> !value.isEmpty());
    }

    void problem(String problem) {
        problems.add(problem);
    }

    /** Adds a problem with a value that was given, naming its origin and, where that is safe, the value. */
    void problem(Parameter parameter, String mustBe) {
        Given given = Optional.ofNullable(values.get(parameter)).orElseThrow();
        // "user:password/database", where "@host" was forgotten, reads as a host and a port.
        boolean shown = !parameter.isSecret()
                && PLAIN.matcher(given.value()).matches()
                && !(parameter == Parameter.PORT && given.origin().equals(CONNECTION_STRING));
        problem("%s %s, got %s from %s"
                .formatted(
                        parameter.keyword(),
                        mustBe,
                        shown ? "\"" + given.value() + "\"" : "(withheld)",
                        given.origin()));
    }

    /** Adds a problem for each value that is not among those its parameter allows. */
    void checkChoices() {
        values.forEach((parameter, given) -> {
            if (parameter.allowed().isEmpty() || parameter.allowed().contains(given.value())) {
                return;
            }
            String choices = String.join(", ", parameter.allowed());
            if (parameter.isSupported()) {
                problem(parameter, "must be one of " + choices);
            } else {
                problem(
                        parameter,
                        "is not supported by the JDBC driver%s: leave it out"
                                .formatted(choices.isEmpty() ? "" : " (other than " + choices + ")"));
            }
        });
    }

    /** @throws ConnectionSettingsException with all the problems, if there are any */
    void throwIfWrong() {
        if (!problems.isEmpty()) {
            throw new ConnectionSettingsException(List.copyOf(problems));
        }
    }
}
