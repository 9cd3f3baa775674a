package dev.walshift.postgres.connect;

import java.util.Optional;

/**
 * Reads {@code keyword = value} pairs: values with spaces stand in single quotes, a backslash takes the next character as it
 * is (conninfo_parse in src/interfaces/libpq/fe-connect.c). Used once.
 */
final class KeywordValues {
    private final String text;
    private final GivenParameters given;
    private int position;
    /** After a password a stray word may be the rest of it. */
    private boolean sawSecret;

    KeywordValues(String text, GivenParameters given) {
        this.text = text;
        this.given = given;
    }

    void read() {
        skipSpaces();
        while (position < text.length()) {
            String keyword = keyword();
            skipSpaces();
            if (position == text.length() || text.charAt(position) != '=') {
                given.problem(
                        "the connection string has a word without = that ends at character %d: write keyword=value,"
                                        .formatted(position)
                                + " and put a value with spaces in single quotes");
                return;
            }
            position++;
            skipSpaces();
            Optional<String> value = value();
            if (value.isEmpty()) {
                given.problem("the connection string has a value whose closing single quote is missing");
                return;
            }
            set(keyword, value.get());
            skipSpaces();
        }
    }

    private void set(String keyword, String value) {
        Optional<Parameter> parameter = Parameter.withKeyword(keyword);
        if (parameter.isEmpty()) {
            ConnectionString.unknown(given, keyword, false, !sawSecret);
            return;
        }
        sawSecret |= parameter.get().isSecret();
        given.setFromConnectionString(parameter.get(), value);
    }

    private String keyword() {
        int start = position;
        while (position < text.length() && text.charAt(position) != '=' && !atSpace()) {
            position++;
        }
        return text.substring(start, position);
    }

    /** Empty if a quote is not closed. */
    private Optional<String> value() {
        StringBuilder value = new StringBuilder();
        boolean quoted = position < text.length() && text.charAt(position) == '\'';
        if (quoted) {
            position++;
        }
        while (position < text.length() && (quoted || !atSpace())) {
            if (quoted && text.charAt(position) == '\'') {
                position++;
                return Optional.of(value.toString());
            }
            if (text.charAt(position) == '\\') {
                position++;
            }
            if (position < text.length()) {
                value.append(text.charAt(position));
                position++;
            }
        }
        return quoted ? Optional.empty() : Optional.of(value.toString());
    }

    private void skipSpaces() {
        while (position < text.length() && atSpace()) {
            position++;
        }
    }

    private boolean atSpace() {
        return Character.isWhitespace(text.charAt(position));
    }
}
