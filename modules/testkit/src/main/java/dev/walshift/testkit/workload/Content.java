package dev.walshift.testkit.workload;

import dev.walshift.postgres.SqlText;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * The values of rows, as pure functions of a {@link RowState}, and in SQL for the rows that are loaded ({@code i} being the
 * slot). Text is what the server prints when DateStyle is ISO and TimeZone is UTC.
 */
enum Content {
    /** Unique codes, and a counter that tells every write from every other. */
    GENERAL("'base ' || i", "0") {
        @Override
        String code(int code) {
            return code < 0 ? "base " + ~code : "code " + code;
        }

        @Override
        int counter(RowState row) {
            return row.token();
        }
    },
    /** Orders of a shop: the code is a status, the counter a customer. */
    ORDERS("(ARRAY['new', 'paid', 'shipped', 'returned'])[1 + i % 4]", "1 + i % 50000") {
        @Override
        String code(int code) {
            return List.of("new", "paid", "shipped", "returned").get((code < 0 ? ~code : code) % 4);
        }

        @Override
        int counter(RowState row) {
            return 1 + version(row) % 50_000;
        }
    };

    static final SqlText LOADED_PAYLOAD = new SqlText("""
        CASE i % 100
            WHEN 0 THEN (SELECT string_agg(md5(i || '.' || n), '' ORDER BY n) FROM generate_series(1, 100) AS n)
            ELSE 'base ' || md5(i::text)
        END\
        """);
    static final SqlText LOADED_AMOUNT = new SqlText("CASE WHEN i % 7 > 0 THEN (i % 1000000)::numeric / 100 END");
    static final SqlText LOADED_TOUCHED = new SqlText("timestamptz '2024-01-01 00:00:00+00' + i * interval '1 second'");

    private static final Instant FIRST_TOUCHED = Instant.parse("2024-01-01T00:00:00Z");
    private static final int WIDE_MIN_BYTES = 1_500;
    private static final int WIDE_MAX_BYTES = 15_000;

    private final String loadedCode;
    private final String loadedCounter;

    Content(String loadedCode, String loadedCounter) {
        this.loadedCode = loadedCode;
        this.loadedCounter = loadedCounter;
    }

    abstract String code(int code);

    abstract int counter(RowState row);

    /** A column's value; empty for NULL. */
    Optional<String> value(RowState row, Column column) {
        return switch (column) {
            case CODE -> Optional.of(code(row.code()));
            case PAYLOAD -> Optional.of(payload(row.payload()));
            case AMOUNT -> amount(version(row));
            case TOUCHED -> Optional.of(KeyKind.timestamp(FIRST_TOUCHED.plusSeconds(version(row))));
            case COUNTER -> Optional.of(Integer.toString(counter(row)));
        };
    }

    SqlText loadedCode() {
        return new SqlText(loadedCode);
    }

    SqlText loadedCounter() {
        return new SqlText(loadedCounter);
    }

    private static int version(RowState row) {
        return row.token() == 0 ? row.origin() : row.token();
    }

    private static Optional<String> amount(int version) {
        return version % 7 == 0
                ? Optional.empty()
                : Optional.of(BigDecimal.valueOf(version % 1_000_000, 2).toPlainString());
    }

    private static String payload(long payload) {
        if (payload < 0) {
            return loadedPayload((int) ~payload);
        }
        return payload % 2 == 0 ? "payload " + payload / 2 : widePayload(payload);
    }

    private static String loadedPayload(int slot) {
        if (slot % 100 != 0) {
            return "base " + KeyKind.md5(Integer.toString(slot));
        }
        StringBuilder text = new StringBuilder();
        for (int n = 1; n <= 100; n++) {
            text.append(KeyKind.md5(slot + "." + n));
        }
        return text.toString();
    }

    /** 2 to 20 kB that don't compress, so they are stored out of line. */
    private static String widePayload(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] bytes = new byte[random.nextInt(WIDE_MIN_BYTES, WIDE_MAX_BYTES)];
        random.nextBytes(bytes);
        return Base64.getEncoder().encodeToString(bytes);
    }
}
