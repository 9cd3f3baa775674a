package dev.walshift.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;

/** One SQL identifier, held unquoted. {@link #sql()} is the only form that may enter a statement. */
public record Identifier(String name) implements SqlPart {
    /** NAMEDATALEN - 1: the server cuts a longer name silently, and two could then collide. */
    public static final int MAX_BYTES = 63;

    public Identifier {
        int bytes = name.getBytes(UTF_8).length;
        if (bytes == 0 || bytes > MAX_BYTES || name.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(
                    "identifier must be 1..%d bytes without NUL, got %d bytes: %s".formatted(MAX_BYTES, bytes, name));
        }
    }

    @Override
    public String sql() {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    @Override
    public String toString() {
        return name;
    }
}
