package dev.walshift.testkit;

/** A PostgreSQL major version, such as 18. */
public record ServerVersion(int major) implements Comparable<ServerVersion> {
    /** The oldest version walshift supports. */
    public static final int OLDEST = 14;

    public ServerVersion {
        if (major < OLDEST) {
            throw new IllegalArgumentException("major version must be %d or more, got %d".formatted(OLDEST, major));
        }
    }

    /** Reads a version such as "18", ignoring blanks around it. */
    public static ServerVersion parse(String text) {
        try {
            return new ServerVersion(Integer.parseInt(text.strip()));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "major version must be a number such as 18, got '%s'".formatted(text), e);
        }
    }

    public boolean isAtLeast(int otherMajor) {
        return major >= otherMajor;
    }

    @Override
    public int compareTo(ServerVersion other) {
        return Integer.compare(major, other.major);
    }

    @Override
    public String toString() {
        return Integer.toString(major);
    }
}
