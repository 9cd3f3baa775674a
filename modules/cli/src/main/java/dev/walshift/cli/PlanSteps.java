package dev.walshift.cli;

import dev.walshift.cli.terminal.Amounts;
import dev.walshift.engine.migration.MigrationRequest;
import dev.walshift.engine.plan.MigrationPlan;
import java.util.List;

/** What a migration will do, and under which locks, for people. */
final class PlanSteps {
    private PlanSteps() {}

    static List<String> of(MigrationPlan plan, MigrationRequest request) {
        return switch (plan.strategy()) {
            case IN_PLACE -> inPlace();
            case SHADOW -> shadow(plan.size(), request);
        };
    }

    private static List<String> inPlace() {
        return List.of(
                "cut over: runs the statement itself, which changes the catalog only. Lock: ACCESS EXCLUSIVE, asked"
                    + " for with a short lock_timeout and again until it is granted, so that nobody queues behind it"
                    + " for long");
    }

    private static String index(MigrationPlan.Size size, MigrationRequest request) {
        return request.indexesFirst()
                ? "index: makes the new table's indexes before its rows are copied, as you asked. No lock on the table"
                        + " in use"
                : "index: builds the new table's indexes. No lock on the table in use, but each build holds vacuum, and"
                        + " the slot's WAL, back for its time: the largest index has %s, which takes about %s at 20 MB"
                                .formatted(
                                        Amounts.bytes(size.largestIndexBytes()), Amounts.estimate(size.longestBuild()))
                        + " a second (--indexes-first avoids it)";
    }

    private static List<String> shadow(MigrationPlan.Size size, MigrationRequest request) {
        return List.of(
                "prepare: makes an empty new table, a publication and a replication slot, and waits until the"
                    + " transactions that are open now have ended. Lock: SHARE UPDATE EXCLUSIVE for an instant; reads"
                    + " and writes go on",
                "copy: the server copies the rows in short transactions, %s at a time. Lock: ACCESS SHARE, as for any SELECT"
                        .formatted(request.workers() == 1 ? "one" : Integer.toString(request.workers())),
                index(size, request),
                "catch up: copies the rows that changed meanwhile, again and again, until hardly any are left. "
                        + "Lock: ACCESS SHARE",
                switch (request.verify()) {
                    case FULL -> "verify: compares every row of both tables. Lock: ACCESS SHARE";
                    case SAMPLE -> "verify: compares a random sample of both tables, as you asked. Lock: ACCESS SHARE";
                    case OFF -> "verify: left out, as you asked";
                },
                "cut over: brings over the last changed rows and swaps the tables in one transaction. Lock: ACCESS"
                        + " EXCLUSIVE, asked for with a short lock_timeout; if it is not granted, or the rest takes too"
                        + " long, all is undone and tried again later",
                request.dropRetired()
                        ? "finish: removes slot and publication, and drops the old table, as you asked"
                        : "finish: removes slot and publication; the old table is kept in a schema of walshift's");
    }
}
