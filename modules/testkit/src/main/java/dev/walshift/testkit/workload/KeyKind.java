package dev.walshift.testkit.workload;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.walshift.postgres.SqlTemplate;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;

/**
 * The type of a table's primary key, and the key of each slot. A slot is a row's place in the workload, 0 and up; its key is
 * computed both by the server ({@code i} being the slot) and here, in the text form that the server prints.
 */
public enum KeyKind {
    INT(part("int", "i + 1", slot -> Integer.toString(slot + 1))),
    BIGINT(part("bigint", "i + 5000000000", slot -> Long.toString(slot + 5_000_000_000L))),
    /** In random order, so that neighbours in the index are strangers in the heap. */
    UUID(part("uuid", "md5('key ' || i)::uuid", KeyKind::uuid)),
    /** With quotes, a backslash and more than ASCII. */
    TEXT(part("text", "'kéy \"' || i || '\" it''s \\'", slot -> "kéy \"%d\" it's \\".formatted(slot))),
    /** Of two scales: 1.5 and 1.50 are one key with two texts. */
    NUMERIC(part(
            "numeric",
            "(i || CASE i % 2 WHEN 0 THEN '.5' ELSE '.50' END)::numeric",
            slot -> slot + (slot % 2 == 0 ? ".5" : ".50"))),
    TIMESTAMPTZ(part(
            "timestamptz",
            "timestamptz '2020-01-01 00:00:00+00' + i * interval '1 second' + i % 1000 * interval '1 microsecond'",
            slot -> timestamp(
                    Instant.parse("2020-01-01T00:00:00Z").plusSeconds(slot).plusNanos(slot % 1000 * 1000L)))),
    /** An int and a text. */
    COMPOSITE(
            part("int", "i % 100", slot -> Integer.toString(slot % 100)),
            part("text", "'part ' || i / 100", slot -> "part " + slot / 100)),
    /** A domain over int. */
    DOMAIN(part("{domain}", "i + 1", slot -> Integer.toString(slot + 1))),
    /** An enum and an int. */
    ENUM(
            part(
                    "{enum}",
                    "(ARRAY['plain', 'Mixed \"Case\"', 'it''s, odd'])[1 + i % 3]::{enum}",
                    slot -> List.of("plain", "Mixed \"Case\"", "it's, odd").get(slot % 3)),
            part("int", "i / 3", slot -> Integer.toString(slot / 3)));

    /**
     * One column of a key.
     *
     * @param type its SQL type; {domain} and {enum} stand for the table's own types
     * @param valueSql its value for the slot {@code i}
     */
    record Part(SqlTemplate type, SqlTemplate valueSql, IntFunction<String> valueText) {}

    private static final DateTimeFormatter TIMESTAMP = new DateTimeFormatterBuilder()
            .appendPattern("uuuu-MM-dd HH:mm:ss")
            .appendFraction(ChronoField.MICRO_OF_SECOND, 0, 6, true)
            .appendLiteral("+00")
            .toFormatter(Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    @SuppressWarnings("ImmutableEnumChecker") // An unmodifiable list of pure functions.
    private final List<Part> parts;

    KeyKind(Part... parts) {
        this.parts = List.of(parts);
    }

    private static Part part(String type, String valueSql, IntFunction<String> valueText) {
        return new Part(SqlTemplate.of(type), SqlTemplate.of(valueSql), valueText);
    }

    List<Part> parts() {
        return parts;
    }

    /** The key of a slot, column by column, as the server prints it when TimeZone is UTC. */
    List<String> key(int slot) {
        return parts.stream().map(part -> part.valueText().apply(slot)).toList();
    }

    /** As the server prints a timestamptz when DateStyle is ISO and TimeZone is UTC. */
    static String timestamp(Instant instant) {
        return TIMESTAMP.format(instant);
    }

    /** md5 as 32 lower case hexadecimal digits, as the server's function of that name. */
    static String md5(String text) {
        ByteBuffer digest = ByteBuffer.wrap(md5Digest(text));
        return "%016x%016x".formatted(digest.getLong(), digest.getLong());
    }

    private static String uuid(int slot) {
        ByteBuffer digest = ByteBuffer.wrap(md5Digest("key " + slot));
        return new java.util.UUID(digest.getLong(), digest.getLong()).toString();
    }

    private static byte[] md5Digest(String text) {
        try {
            return MessageDigest.getInstance("MD5").digest(text.getBytes(UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has MD5", e);
        }
    }
}
