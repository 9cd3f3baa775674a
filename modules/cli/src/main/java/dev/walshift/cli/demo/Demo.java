package dev.walshift.cli.demo;

import dev.walshift.cli.progress.ProgressMonitor;
import dev.walshift.cli.progress.ProgressText;
import dev.walshift.cli.terminal.Amounts;
import dev.walshift.cli.terminal.Terminal;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.StoppedException;
import dev.walshift.engine.migration.InterruptedMigrationException;
import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationProgress;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.MigrationRequest;
import dev.walshift.engine.migration.MigrationSettings;
import dev.walshift.engine.pace.PaceMode;
import dev.walshift.engine.pace.PaceSettings;
import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.testkit.oracle.Comparison;
import dev.walshift.testkit.workload.Truth;
import java.io.PrintStream;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The demonstration: a table is filled, written to without a pause, changed meanwhile, and judged. Runs once. */
public final class Demo {
    /** How it ended. */
    public enum Result {
        /** The table holds exactly what the writers know that they wrote. */
        EQUAL,
        /** It does not, or a writer met an error, or the migration did not come to its end. */
        FAILED,
        /** Somebody asked to stop. */
        STOPPED
    }

    /** The writers share two processors with the server and never pause: beside them a polite migration takes minutes. */
    private static final MigrationSettings FULL_PACE = MigrationSettings.DEFAULT.with(new PaceSettings(
            Optional.of(PaceMode.FULL), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty()));

    /** Both rewrite the table when done the ordinary way, under a lock that lets nobody read or write. */
    private static final List<String> CLAUSES =
            List.of("ALTER COLUMN id TYPE bigint", "ADD COLUMN source text NOT NULL DEFAULT gen_random_uuid()::text");

    private static final Logger LOG = LoggerFactory.getLogger(Demo.class);
    private static final int WORKERS = 2;

    private final Terminal terminal;
    private final PrintStream out;
    private final Path home;
    private final DemoOptions options;
    private final StopSignal stop = new StopSignal();
    private final AtomicReference<Optional<Migration>> running = new AtomicReference<>(Optional.empty());

    /**
     * @param home where libpq's files would be
     */
    public Demo(Terminal terminal, Path home, DemoOptions options) {
        this.terminal = terminal;
        this.out = terminal.out();
        this.home = home;
        this.options = options;
    }

    /** Ends the demonstration soon, as {@link Result#STOPPED}. Any thread. */
    public void stop() {
        stop.raise();
        running.get().ifPresent(Migration::stop);
    }

    /** Runs to the end; the server and its files are gone afterwards. */
    public Result run() throws SQLException {
        try (DemoServer server = DemoServer.start(home, out)) {
            stop.check();
            Truth loaded = server.createTable(options.rows());
            stop.check();
            try (Traffic traffic = Traffic.start(server, loaded, options.writers())) {
                MigrationReport report = migrateUnder(traffic, server);
                Result result = judge(report, traffic, server);
                keep(server);
                return result;
            }
        } catch (StoppedException | InterruptedMigrationException e) {
            return stop.isRaised() ? stopped() : failed(e);
        }
    }

    private Result stopped() {
        out.println("Stopped. The demo's server and its files are gone.");
        return Result.STOPPED;
    }

    /** On this server nothing but a defect interrupts a migration; it could go on, but the server is gone by now. */
    private Result failed(RuntimeException e) {
        LOG.debug("the migration was interrupted", e);
        out.printf("The migration was interrupted, which is a defect; please report it: %s%n", e.getMessage());
        return Result.FAILED;
    }

    private MigrationReport migrateUnder(Traffic traffic, DemoServer server) {
        out.printf(
                "%d writers insert, update and delete rows from now on, without a pause. First without a migration,"
                        + " for %s ...%n",
                options.writers(), Amounts.duration(options.undisturbed()));
        watchUndisturbed();
        traffic.migrationBegins();
        out.printf("Now the migration, the writers go on: ALTER TABLE public.orders %s%n", String.join(", ", CLAUSES));
        MigrationReport report = migrate(traffic, server);
        traffic.migrationEnded();
        out.printf("Migrated. The writers go on for another %s ...%n", Amounts.duration(options.undisturbed()));
        watchUndisturbed();
        return report;
    }

    private void watchUndisturbed() {
        if (stop.await(options.undisturbed())) {
            throw new StoppedException();
        }
    }

    private MigrationReport migrate(Traffic traffic, DemoServer server) {
        AlterRequest change = new AlterRequest(Optional.of("public.orders"), CLAUSES, Map.of(), List.of());
        Migration migration = new Migration(
                server.database(), new MigrationRequest(change, WORKERS, false, VerifyMode.FULL), FULL_PACE);
        running.set(Optional.of(migration));
        stop.check();
        ProgressText text = progress -> List.of(ProgressText.oneLine(progress), traffic.recently());
        try (ProgressMonitor monitor = ProgressMonitor.start(terminal, () -> watched(migration, traffic), text)) {
            return migration.run();
        } finally {
            running.set(Optional.empty());
        }
    }

    private static MigrationProgress watched(Migration migration, Traffic traffic) {
        MigrationProgress progress = migration.progress();
        traffic.look(progress.phase());
        return progress;
    }

    private Result judge(MigrationReport report, Traffic traffic, DemoServer server) throws SQLException {
        Truth truth = traffic.stop();
        stop.check();
        out.println("The writers have stopped. Comparing the table with what they know that they wrote ...");
        Comparison comparison = server.compare(truth);
        new DemoSummary(out).print(report, traffic, comparison);
        out.printf("The table now: %s%n", server.columns());
        return comparison.isExact() && traffic.errors().isEmpty() ? Result.EQUAL : Result.FAILED;
    }

    private void keep(DemoServer server) {
        if (options.keep().isPositive()) {
            out.printf(
                    "The server stays for %s, or until Ctrl-C: psql '%s'%n",
                    Amounts.duration(options.keep()), server.url());
            boolean unused = stop.await(options.keep());
        }
    }
}
