package dev.walshift.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.walshift.engine.migration.Doctor;
import dev.walshift.engine.migration.Finding;
import dev.walshift.engine.migration.Treatment;
import dev.walshift.postgres.Database;
import java.io.PrintStream;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Finds what migrations left behind. */
@Command(
        name = "doctor",
        description = {
            "Finds what crashes left in a database: replication slots, publications, schemas, unfinished migrations.",
            "Removes nothing unless asked to, and then only what no migration needs and what is walshift's beyond"
                    + " doubt."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class)
final class DoctorCommand implements Callable<Integer>, ReportsJson {
    private final Surroundings surroundings;

    @Mixin
    private final ConnectionOptions connection = new ConnectionOptions();

    @Option(names = "--clean", description = "remove what can be removed, and put right what can be put right")
    private boolean clean;

    @Option(names = "--json", description = "print one JSON object")
    private boolean json;

    DoctorCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws SQLException {
        Database database = new Connections(surroundings).open(connection.url(surroundings.terminal()));
        Doctor doctor = new Doctor(database);
        List<Treatment> treatments = clean ? doctor.clean() : List.of();
        List<Finding> findings = doctor.examine();
        if (json) {
            surroundings.terminal().out().println(json(treatments, findings));
        } else {
            print(surroundings.terminal().out(), treatments, findings);
        }
        boolean healthy = findings.stream().noneMatch(Finding::isFault);
        return (healthy ? ExitCode.DONE : ExitCode.FOUND).number();
    }

    private static void print(PrintStream out, List<Treatment> treatments, List<Finding> findings) {
        for (Treatment treatment : treatments) {
            out.printf(
                    "%s: %s%n",
                    treatment.failure().map("Not mended (%s)"::formatted).orElse("Mended"),
                    treatment.finding().message());
        }
        for (Finding finding : findings) {
            out.printf(
                    "%s: %s%n    What to do: %s%n",
                    finding.isFault() ? "Found" : "Kept", finding.message(), finding.remedy());
        }
        if (findings.stream().noneMatch(Finding::isFault)) {
            out.println("Nothing is left behind.");
        }
    }

    private static ObjectNode json(List<Treatment> treatments, List<Finding> findings) {
        ObjectNode json = Json.object();
        json.put("healthy", findings.stream().noneMatch(Finding::isFault));
        ArrayNode treated = json.putArray("treated");
        treatments.forEach(treatment -> treated.add(
                json(treatment.finding()).put("failure", treatment.failure().orElse(null))));
        ArrayNode found = json.putArray("findings");
        findings.forEach(finding -> found.add(json(finding)));
        return json;
    }

    private static ObjectNode json(Finding finding) {
        return Json.object()
                .put("kind", finding.kind().name())
                .put("object", finding.object())
                .put("migration", finding.migration().orElse(null))
                .put("fault", finding.isFault())
                .put("cleanable", finding.cleanable())
                .put("message", finding.message())
                .put("remedy", finding.remedy());
    }

    @Override
    public boolean json() {
        return json;
    }
}
