package dev.walshift.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.walshift.engine.migration.MigrationStatus;
import dev.walshift.engine.pace.PaceMode;
import java.util.List;

/** A database's migrations for scripts: {@code {"migrations": [...]}}, newest first; what is not known is null. */
final class StatusJson {
    private StatusJson() {}

    static ObjectNode of(List<MigrationStatus> migrations) {
        ObjectNode json = Json.object();
        ArrayNode array = json.putArray("migrations");
        migrations.forEach(migration -> array.add(of(migration)));
        return json;
    }

    private static ObjectNode of(MigrationStatus migration) {
        ObjectNode json = Json.object()
                .put("id", migration.id())
                .put("table", migration.table())
                .put("statement", migration.statement())
                .put("state", migration.state())
                .put("running", migration.running())
                .put("pace", migration.pace().map(PaceMode::word).orElse(null))
                .put("copied", migration.copied().orElse(null))
                .put("rowsCopied", migration.rowsCopied())
                .put("compared", migration.compared().orElse(null))
                .put("keysWaiting", migration.keysWaiting())
                .put("slotLagBytes", migration.slotLagBytes().orElse(null))
                .put("createdAt", migration.createdAt().toString())
                .put("updatedAt", migration.updatedAt().toString());
        json.set("problem", migration.problem().map(Json::problem).orElse(null));
        return json;
    }
}
