package dev.walshift.postgres.connect;

/** A password or passphrase. Never printed: only {@link #reveal()} gives it away. */
public final class Secret {
    private final String value;

    /** @throws IllegalArgumentException if {@code value} is empty, which libpq reads as "no password" */
    public Secret(String value) {
        if (value.isEmpty()) {
            throw new IllegalArgumentException("a secret is not empty");
        }
        this.value = value;
    }

    /** The plain text, for the driver alone. */
    public String reveal() {
        return value;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Secret secret && secret.value.equals(value);
    }

    @Override
    public int hashCode() {
        return value.hashCode();
    }

    @Override
    public String toString() {
        return "(secret)";
    }
}
