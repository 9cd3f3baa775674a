package dev.walshift.engine.plan;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.walshift.postgres.Identifier;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.core.Parser;

/**
 * A token of SQL, the operator's or the server's own: just enough of PostgreSQL's lexical rules
 * (src/backend/parser/scan.l) to tell keywords, names and literals apart. What the tokens mean is the server's
 * business.
 *
 * @param start index of its first character
 * @param end index after its last character
 * @param depth how many brackets it stands in
 * @param text as written
 */
public record SqlToken(Kind kind, int start, int end, int depth, String text) {
    public enum Kind {
        /** A keyword or an unquoted name. */
        WORD,
        /** A name in double quotes. */
        QUOTED_NAME,
        /** A string in single quotes or between dollars, without a prefix such as E. */
        STRING,
        /** One character that is none of these. */
        SYMBOL
    }

    /** Says what can't be read. */
    public static final class UnreadableException extends Exception {
        private static final long serialVersionUID = 1L;

        private final String what;

        UnreadableException(String what) {
            super(what);
            this.what = what;
        }

        public String what() {
            return what;
        }
    }

    /** Whether it is this keyword, in any case. */
    public boolean is(String keyword) {
        return kind == Kind.WORD && text.equalsIgnoreCase(keyword);
    }

    public boolean is(char symbol) {
        return kind == Kind.SYMBOL && text.charAt(0) == symbol;
    }

    public boolean isName() {
        return kind == Kind.WORD || kind == Kind.QUOTED_NAME;
    }

    /** The name as the catalogs have it. */
    public Identifier name() throws UnreadableException {
        String name = switch (kind) {
            case QUOTED_NAME -> text.substring(1, text.length() - 1).replace("\"\"", "\"");
            case WORD -> foldCase(text);
            case STRING, SYMBOL -> throw new UnreadableException("expected a name, found " + text);
        };
        int bytes = name.getBytes(UTF_8).length;
        if (bytes == 0 || bytes > Identifier.MAX_BYTES) {
            throw new UnreadableException(
                    "a name has 1 to %d bytes, found %d: %s".formatted(Identifier.MAX_BYTES, bytes, name));
        }
        return new Identifier(name);
    }

    /** Only ASCII letters, as the server does it in a multi-byte encoding (downcase_identifier). */
    private static String foldCase(String word) {
        StringBuilder folded = new StringBuilder(word);
        for (int i = 0; i < folded.length(); i++) {
            char c = folded.charAt(i);
            if (c >= 'A' && c <= 'Z') {
                folded.setCharAt(i, Character.toLowerCase(c));
            }
        }
        return folded.toString();
    }

    /** The tokens of {@code sql}, without blanks and comments. */
    public static List<SqlToken> all(String sql) throws UnreadableException {
        List<SqlToken> tokens = new ArrayList<>();
        char[] chars = sql.toCharArray();
        int depth = 0;
        int position = 0;
        while (position < chars.length) {
            int afterComment = skipBlankOrComment(chars, position);
            if (afterComment > position) {
                position = afterComment;
                continue;
            }
            depth -= isOneOf(chars[position], ')', ']') ? 1 : 0;
            if (depth < 0) {
                throw new UnreadableException("unbalanced %s at character %d".formatted(chars[position], position + 1));
            }
            SqlToken token = next(sql, chars, position, depth);
            tokens.add(token);
            depth += isOneOf(chars[position], '(', '[') ? 1 : 0;
            position = token.end;
        }
        if (depth > 0) {
            throw new UnreadableException("a bracket is left open");
        }
        return tokens;
    }

    private static int skipBlankOrComment(char[] chars, int position) throws UnreadableException {
        if (Character.isWhitespace(chars[position])) {
            return position + 1;
        }
        if (startsWith(chars, position, '-', '-')) {
            return Math.min(Parser.parseLineComment(chars, position) + 1, chars.length);
        }
        if (startsWith(chars, position, '/', '*')) {
            int end = Parser.parseBlockComment(chars, position) + 1;
            if (end > chars.length || chars[end - 1] != '/' || end - position < 4) {
                throw new UnreadableException("a comment is left open");
            }
            return end;
        }
        return position;
    }

    private static SqlToken next(String sql, char[] chars, int start, int depth) throws UnreadableException {
        char first = chars[start];
        if (first == '\'') {
            int end = stringEnd(chars, start);
            return new SqlToken(Kind.STRING, start, end, depth, sql.substring(start, end));
        }
        if (first == '"') {
            int end = quotedNameEnd(chars, start);
            return new SqlToken(Kind.QUOTED_NAME, start, end, depth, sql.substring(start, end));
        }
        if (first == '$') {
            int close = Parser.parseDollarQuotes(chars, start);
            if (close > start) {
                int end = quotedEnd(chars, start, close);
                return new SqlToken(Kind.STRING, start, end, depth, sql.substring(start, end));
            }
        }
        if (Parser.isIdentifierStartChar(first)) {
            int end = start + 1;
            while (end < chars.length && Parser.isIdentifierContChar(chars[end])) {
                end++;
            }
            return new SqlToken(Kind.WORD, start, end, depth, sql.substring(start, end));
        }
        return new SqlToken(Kind.SYMBOL, start, start + 1, depth, sql.substring(start, start + 1));
    }

    private static int quotedEnd(char[] chars, int start, int close) throws UnreadableException {
        if (close >= chars.length) {
            throw new UnreadableException("the quote at character %d is left open".formatted(start + 1));
        }
        return close + 1;
    }

    /** A doubled quote is a quote in the string; after an E, so is one behind a backslash. */
    private static int stringEnd(char[] chars, int start) throws UnreadableException {
        boolean escapes = start > 0
                && (chars[start - 1] == 'e' || chars[start - 1] == 'E')
                && (start == 1 || !Parser.isIdentifierContChar(chars[start - 2]));
        int end = quotedEnd(chars, start, Parser.parseSingleQuotes(chars, start, !escapes));
        while (end < chars.length && chars[end] == '\'') {
            end = quotedEnd(chars, end, Parser.parseSingleQuotes(chars, end, !escapes));
        }
        return end;
    }

    /** A doubled quote is a quote in the name. */
    private static int quotedNameEnd(char[] chars, int start) throws UnreadableException {
        int end = quotedEnd(chars, start, Parser.parseDoubleQuotes(chars, start));
        while (end < chars.length && chars[end] == '"') {
            end = quotedEnd(chars, end, Parser.parseDoubleQuotes(chars, end));
        }
        return end;
    }

    private static boolean startsWith(char[] chars, int position, char first, char second) {
        return chars[position] == first && position + 1 < chars.length && chars[position + 1] == second;
    }

    private static boolean isOneOf(char c, char one, char other) {
        return c == one || c == other;
    }
}
