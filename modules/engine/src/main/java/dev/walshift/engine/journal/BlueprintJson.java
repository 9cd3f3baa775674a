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
import dev.walshift.engine.table.Blueprint;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.SqlText;

/** A blueprint as the journal keeps it. */
final class BlueprintJson {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .addModule(new Jdk8Module())
            .addMixIn(Identifier.class, IdentifierAsString.class)
            .addMixIn(SqlText.class, SqlAsString.class)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();

    private BlueprintJson() {}

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

    static String write(Blueprint blueprint) {
        try {
            return JSON.writeValueAsString(blueprint);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a blueprint can't be written as JSON", e);
        }
    }

    static Blueprint read(String json) {
        try {
            return JSON.readValue(json, Blueprint.class);
        } catch (JsonProcessingException e) {
            throw new MigrationException(
                    ProblemCode.JOURNAL_MISMATCH,
                    "the journal's blueprint can't be read: " + e.getOriginalMessage(),
                    "Use the version of walshift that wrote it.",
                    e);
        }
    }
}
