package dev.walshift.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.walshift.cli.progress.PhaseNames;
import dev.walshift.engine.Problem;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.Verification;
import dev.walshift.engine.pace.Limits;
import dev.walshift.engine.plan.MigrationPlan;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** What {@code --json} prints: one object on one line, keys in camelCase, amounts with their unit in the key. */
final class Json {

    private Json() {}

    static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    static ObjectNode of(Outcome outcome) {
        ObjectNode json = object().put("state", outcome.state());
        switch (outcome) {
            case Outcome.Done done -> addReport(json, done.report());
            case Outcome.Refused refused -> addRefusal(json, refused.problems());
            case Outcome.Failed failed -> json.set("problem", problem(failed.trouble()));
            case Outcome.Interrupted interrupted -> json.set("problem", problem(interrupted.trouble()));
        }
        return json;
    }

    static ObjectNode of(Verification.Report report) {
        return object().put("state", "done")
                .put("id", report.id())
                .put("table", report.table())
                .put("verified", true)
                .put("rowsVerified", report.verify().rows());
    }

    static ObjectNode of(MigrationPlan plan, Limits limits, List<String> steps) {
        ObjectNode json = object();
        json.put("possible", plan.isPossible());
        json.put("table", plan.table().name().sql());
        json.put("statement", plan.statement());
        json.put("strategy", plan.strategy().name());
        json.put("rows", plan.size().rows());
        json.put("heapBytes", plan.size().heapBytes());
        json.put("indexBytes", plan.size().indexBytes());
        json.put("largestIndexBytes", plan.size().largestIndexBytes());
        json.set("changes", texts(plan.changes()));
        json.set("notices", texts(plan.notices()));
        json.set("steps", texts(steps));
        json.set("limits", limits(limits));
        json.set("problems", problems(plan.problems()));
        return json;
    }

    /** Null where there is no limit. */
    private static ObjectNode limits(Limits limits) {
        return object().put("slotWalBytes", limits.slotWalBytes().most().orElse(null))
                .put("keyLogBytes", limits.keyLogBytes().most().orElse(null))
                .put(
                        "snapshotAge",
                        limits.snapshotAge().most().map(Json::seconds).orElse(null))
                .put("time", limits.time().most().map(Json::seconds).orElse(null));
    }

    private static void addReport(ObjectNode json, MigrationReport report) {
        json.put("id", report.id());
        json.put("table", report.table().sql());
        json.put("strategy", report.strategy().name());
        json.put("rowsCopied", report.rowsCopied());
        json.put("keysApplied", report.keysApplied());
        ObjectNode phases = json.putObject("phases");
        report.phases().forEach((phase, time) -> phases.put(PhaseNames.inJson(phase), seconds(time)));
        json.putObject("cutover")
                .put("attempts", report.cutover().attempts())
                .put("lockWaitMs", millis(report.cutover().lockWait()))
                .put("lockHeldMs", millis(report.cutover().lockHeld()));
        json.put("maxSlotLagBytes", report.maxSlotLagBytes());
        json.put("rested", hundredths(report.rested()));
        json.put("verified", report.verified());
        json.put("verify", report.verify().mode().name().toLowerCase(Locale.ROOT));
        json.put("rowsVerified", report.verify().rows());
        json.put("retired", report.retired().map(name -> name.sql()).orElse(null));
    }

    /** All problems, and the first of them where a failure has its only one. */
    private static void addRefusal(ObjectNode json, List<Problem> problems) {
        json.set("problem", problem(problems.getFirst()));
        json.set("problems", problems(problems));
    }

    private static ArrayNode problems(List<Problem> problems) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        problems.forEach(problem -> array.add(problem(problem)));
        return array;
    }

    static ObjectNode problem(Problem problem) {
        return problem(new Trouble(problem.code().name(), problem.message(), problem.remedy()));
    }

    private static ObjectNode problem(Trouble trouble) {
        return object().put("code", trouble.code())
                .put("message", trouble.message())
                .put("remedy", trouble.remedy());
    }

    private static ArrayNode texts(List<String> texts) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        texts.forEach(array::add);
        return array;
    }

    private static double hundredths(double part) {
        return Math.round(part * 100) / 100.0;
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1e3;
    }

    private static double millis(Duration duration) {
        return Math.round(duration.toNanos() / 1e3) / 1e3;
    }
}
