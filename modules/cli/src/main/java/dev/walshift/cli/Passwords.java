package dev.walshift.cli;

import dev.walshift.cli.terminal.Terminal;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Keeps passwords out of what is printed. */
final class Passwords {
    static final String HIDDEN = "***";

    /** {@code ://user:password@}; greedy, for a password may hold an unescaped @ or /. */
    private static final Pattern IN_AUTHORITY = Pattern.compile("(://[^\\s:/?#@]*):\\S*@");
    /** The same where it is known that all the text is one URL: a password may hold blanks too. */
    private static final Pattern IN_WHOLE_URL = Pattern.compile("(://[^:/?#@]*):.*@", Pattern.DOTALL);
    /** {@code password=...} in a URL's query or in a libpq connection string. */
    private static final Pattern IN_PARAMETER =
            Pattern.compile("((?:ssl)?password\\s*=\\s*)('(?:[^'\\\\]|\\\\.)*'|[^\\s&]+)", Pattern.CASE_INSENSITIVE);

    private Passwords() {}

    static boolean isIn(String url) {
        return IN_WHOLE_URL.matcher(url).find() || IN_PARAMETER.matcher(url).find();
    }

    /** Warns of a password in the command line, where everybody on the machine can read it. */
    static void warnIfVisible(Optional<String> urlArgument, Terminal terminal) {
        if (urlArgument.filter(Passwords::isIn).isPresent()) {
            terminal.err().println("""
                Warning: the password in --url is visible to everybody who can list this machine's processes.
                Leave it out there and put it into PGPASSWORD or ~/.pgpass.\
                """);
        }
    }

    /**
     * Replaces passwords.
     *
     * @param text anything that is about to be printed
     * @param arguments of the command line, which {@code text} may quote
     */
    static String hide(String text, List<String> arguments) {
        String hidden = text;
        for (String argument : arguments) {
            // A longer text of our own must not be cut where an argument is as short as "a".
            if (isIn(argument)) {
                hidden = hidden.replace(argument, hideInUrl(argument));
            }
        }
        return hide(hidden);
    }

    static String hide(String text) {
        return hideParameters(IN_AUTHORITY.matcher(text).replaceAll("$1:" + HIDDEN + "@"));
    }

    private static String hideInUrl(String url) {
        return hideParameters(IN_WHOLE_URL.matcher(url).replaceAll("$1:" + HIDDEN + "@"));
    }

    private static String hideParameters(String text) {
        return IN_PARAMETER.matcher(text).replaceAll("$1" + HIDDEN);
    }
}
