package dev.walshift.testkit;

import dev.walshift.postgres.Identifier;
import dev.walshift.testkit.oracle.Expectation;
import dev.walshift.testkit.workload.Column;
import dev.walshift.testkit.workload.KeyKind;
import dev.walshift.testkit.workload.WorkloadTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * A table and a change of it, drawn at random, that takes the way over a shadow table.
 *
 * @param alter what follows {@code ALTER TABLE <table>}
 * @param expectation what it makes of the rows
 */
public record DrawnChange(WorkloadTable table, String alter, Expectation expectation) {

    /** The same for the same state of {@code random}. */
    public static DrawnChange draw(Random random) {
        KeyKind kind = List.of(KeyKind.values()).get(random.nextInt(KeyKind.values().length));
        WorkloadTable table = random.nextInt(4) == 0 ? WorkloadTable.plain(kind) : WorkloadTable.hostile(kind);
        List<String> actions = new ArrayList<>();
        Identifier counter = table.column(Column.COUNTER);
        Identifier payload = table.column(Column.PAYLOAD);
        // At least one rewrite, or the change would be made in place.
        actions.add("ALTER COLUMN %s TYPE bigint".formatted(counter.sql()));
        Identifier key = table.keyColumns().getFirst();
        keyType(kind)
                .filter(type -> random.nextBoolean())
                .ifPresent(type -> actions.add("ALTER COLUMN %s TYPE %s".formatted(key.sql(), type)));
        boolean payloadDropped = random.nextInt(3) == 0;
        if (payloadDropped) {
            table = table.withoutWriting(Column.PAYLOAD);
            actions.add("DROP COLUMN " + payload.sql());
        }
        boolean amountConverted = random.nextInt(3) == 0;
        Identifier amount = table.column(Column.AMOUNT);
        if (amountConverted) {
            table = table.withoutWriting(Column.AMOUNT);
            actions.add("ALTER COLUMN %s TYPE text USING 'EUR ' || %s".formatted(amount.sql(), amount.sql()));
        }
        additions(random, table, actions);
        Expectation expectation = Expectation.unchanged(table);
        if (payloadDropped) {
            expectation = expectation.dropped(payload);
        }
        if (amountConverted) {
            expectation = expectation.converted(amount, value -> value.map(text -> "EUR " + text));
        }
        return new DrawnChange(table, String.join(", ", actions), expectation);
    }

    /** Types that the writers' own parameters still fit. */
    private static Optional<String> keyType(KeyKind kind) {
        return Optional.ofNullable(Map.of(
                        KeyKind.INT, "bigint",
                        KeyKind.BIGINT, "numeric",
                        KeyKind.COMPOSITE, "bigint")
                .get(kind));
    }

    private static void additions(Random random, WorkloadTable table, List<String> actions) {
        if (random.nextBoolean()) {
            actions.add("ADD COLUMN \"added \"\"volatile\"\"\" uuid NOT NULL DEFAULT gen_random_uuid()");
        }
        if (random.nextBoolean()) {
            actions.add("ADD COLUMN \"Added\" int DEFAULT 3");
        }
        if (random.nextBoolean()) {
            actions.add("ADD COLUMN made text GENERATED ALWAYS AS (upper(%s)) STORED"
                    .formatted(table.column(Column.CODE).sql()));
        }
        if (random.nextBoolean()) {
            actions.add("ADD CONSTRAINT \"sane \"\"code\"\"\" CHECK (%s <> '')"
                    .formatted(table.column(Column.CODE).sql()));
        }
    }
}
