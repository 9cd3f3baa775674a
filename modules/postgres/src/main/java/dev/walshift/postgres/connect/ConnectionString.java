package dev.walshift.postgres.connect;

import java.util.Optional;
import java.util.regex.Pattern;

/** Reads a connection string: a libpq URI, a JDBC URL, or {@code key=value} pairs. Never repeats a value in a problem. */
final class ConnectionString {
    private static final Pattern ANY_SCHEME = Pattern.compile("(?s)\\s*[A-Za-z][A-Za-z0-9+.:-]*:/.*");
    private static final Pattern PARAMETER_NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_]{0,39}");
    private static final String JDBC = "jdbc:postgresql:";

    private ConnectionString() {}

    static void read(String text, GivenParameters given) {
        if (text.isBlank()) {
            given.problem("the connection string is empty: leave it out to take PGHOST, PGDATABASE and so on");
        } else if (text.startsWith(JDBC)) {
            new ConnectionUri(given, true).read(text.substring(JDBC.length()));
        } else if (text.startsWith("postgresql://") || text.startsWith("postgres://")) {
            new ConnectionUri(given, false).read(text.substring(text.indexOf(':') + 1));
        } else if (ANY_SCHEME.matcher(text).matches()) {
            given.problem("the connection string starts like a URI, but with none of postgresql://, postgres:// and"
                    + " jdbc:postgresql://, or a space stands before it");
        } else {
            new KeywordValues(text, given).read();
        }
    }

    /**
     * Adds the problem that nothing is called {@code name}.
     *
     * @param mayShow whether the name is known not to be a piece of a password
     */
    static void unknown(GivenParameters given, String name, boolean jdbc, boolean mayShow) {
        Optional<String> shown = Optional.of(name)
                .filter(candidate ->
                        mayShow && PARAMETER_NAME.matcher(candidate).matches());
        given.problem(shown.map(
                        known -> "unknown parameter \"%s\" in the connection string; the nearest known one is \"%s\""
                                .formatted(known, Parameter.nearest(known, jdbc)))
                .orElse("unknown parameter in the connection string (its name is withheld: it may be part of a password"
                        + " that was not quoted or percent-encoded)"));
    }
}
