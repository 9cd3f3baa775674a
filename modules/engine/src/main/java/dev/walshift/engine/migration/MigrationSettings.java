package dev.walshift.engine.migration;

import dev.walshift.engine.LockRetry;
import dev.walshift.engine.cutover.CutoverSettings;
import dev.walshift.engine.pace.Budgets;
import dev.walshift.engine.pace.PaceSettings;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * How patient and how careful a migration is.
 *
 * @param locks for short statements that need a strong lock on the source: replica identity, publication, a change in place
 * @param cutover for the swap
 * @param exactBudget an exact step that took no longer lets the cutover begin
 * @param reconnect when sessions or the stream are lost
 * @param oldTransactionsPatience how long transactions that were running before the slot, or before the fence, may make the migration wait
 * @param schemaInterval between two looks at whether somebody changed the schema; a change that three of them see ends the migration
 * @param budgets what the migration may use of the server
 * @param pace what sets its pace
 */
public record MigrationSettings(
        LockRetry locks,
        CutoverSettings cutover,
        Duration exactBudget,
        ReconnectSettings reconnect,
        Duration oldTransactionsPatience,
        Duration schemaInterval,
        Budgets budgets,
        PaceSettings pace) {
    /** Safe for a busy production primary. */
    public static final MigrationSettings DEFAULT = new MigrationSettings(
            new LockRetry(Duration.ofMillis(300), 50, Duration.ofMillis(200), MigrationSettings::random),
            new CutoverSettings(
                    new LockRetry(Duration.ofMillis(300), 100, Duration.ofMillis(200), MigrationSettings::random),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(1),
                    30),
            Duration.ofMillis(300),
            new ReconnectSettings(10, Duration.ofMinutes(10), Duration.ofMillis(500)),
            Duration.ofMinutes(10),
            Duration.ofSeconds(3),
            Budgets.DEFAULT,
            PaceSettings.DEFAULT);

    /** The same with another way to cut over. */
    public MigrationSettings with(CutoverSettings other) {
        return new MigrationSettings(
                locks, other, exactBudget, reconnect, oldTransactionsPatience, schemaInterval, budgets, pace);
    }

    /** The same with another budget for the last exact step. */
    public MigrationSettings withExactBudget(Duration budget) {
        return new MigrationSettings(
                locks, cutover, budget, reconnect, oldTransactionsPatience, schemaInterval, budgets, pace);
    }

    /** The same with another patience for strong locks on the source. */
    public MigrationSettings with(LockRetry other) {
        return new MigrationSettings(
                other, cutover, exactBudget, reconnect, oldTransactionsPatience, schemaInterval, budgets, pace);
    }

    /** The same but for how to go on after sessions were lost. */
    public MigrationSettings with(ReconnectSettings other) {
        return new MigrationSettings(
                locks, cutover, exactBudget, other, oldTransactionsPatience, schemaInterval, budgets, pace);
    }

    /** The same with another patience for transactions that began before the slot or the fence. */
    public MigrationSettings withOldTransactionsPatience(Duration patience) {
        return new MigrationSettings(locks, cutover, exactBudget, reconnect, patience, schemaInterval, budgets, pace);
    }

    /** The same with another time between two looks at the schema. */
    public MigrationSettings withSchemaInterval(Duration interval) {
        return new MigrationSettings(
                locks, cutover, exactBudget, reconnect, oldTransactionsPatience, interval, budgets, pace);
    }

    /** The same with other limits. */
    public MigrationSettings with(Budgets other) {
        return new MigrationSettings(
                locks, cutover, exactBudget, reconnect, oldTransactionsPatience, schemaInterval, other, pace);
    }

    /** The same at another pace. */
    public MigrationSettings with(PaceSettings other) {
        return new MigrationSettings(
                locks, cutover, exactBudget, reconnect, oldTransactionsPatience, schemaInterval, budgets, other);
    }

    private static long random(long below) {
        return ThreadLocalRandom.current().nextLong(below);
    }
}
