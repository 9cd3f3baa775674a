package dev.walshift.cli.chaos;

import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.fault.FaultProxy;
import java.io.PrintWriter;
import java.nio.file.Path;

/**
 * What the migrations of a campaign share.
 *
 * @param proxy what walshift connects through; the application connects to the server itself
 * @param tracker observes {@code proxy}
 * @param folder for what the processes print
 * @param diary where it is told what happens, as it happens
 */
record Arena(PostgresServer server, FaultProxy proxy, PhaseTracker tracker, Tally tally, Path folder, PrintWriter diary)
        implements AutoCloseable {

    static Arena open(PostgresServer server, Tally tally, Path folder, PrintWriter diary) {
        PhaseTracker tracker = new PhaseTracker();
        FaultProxy proxy = FaultProxy.start(server.host(), server.port());
        proxy.observe(tracker);
        return new Arena(server, proxy, tracker, tally, folder, diary);
    }

    @Override
    public void close() {
        proxy.close();
        server.close();
    }
}
