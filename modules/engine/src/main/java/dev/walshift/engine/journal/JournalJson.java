package dev.walshift.engine.journal;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.SqlText;

/** Values as the journal keeps them: records, with identifiers and SQL as texts. */
public final class JournalJson {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .addModule(new Jdk8Module())
            .addMixIn(Identifier.class, IdentifierAsString.class)
            .addMixIn(SqlText.class, SqlAsString.class)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();

    private JournalJson() {}

    private abstract static class IdentifierAsString {
        @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
        @SuppressWarnings("UnusedVariable") // a mix-in has no body
        IdentifierAsString(String name) {}

        @JsonValue
        abstract String name();
    }

    private abstract static class SqlAsString {
        @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
        @SuppressWarnings("UnusedVariable") // a mix-in has no body
        SqlAsString(String sql) {}

        @JsonValue
        abstract String sql();
    }

    /** The value as JSON, on one line. */
    public static String write(Record value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("can't be written as JSON: " + value.getClass(), e);
        }
    }

    /**
     * The value that {@link #write} wrote.
     *
     * @throws MigrationException if another version of walshift wrote it
     */
    public static <T extends Record> T read(String json, Class<T> type) {
        try {
            return JSON.readValue(json, type);
        } catch (JsonProcessingException e) {
            throw new MigrationException(
                    ProblemCode.JOURNAL_MISMATCH,
                    "what the journal keeps as %s can't be read: %s"
                            .formatted(type.getSimpleName(), e.getOriginalMessage()),
                    "Use the version of walshift that wrote it.",
                    e);
        }
    }
}
