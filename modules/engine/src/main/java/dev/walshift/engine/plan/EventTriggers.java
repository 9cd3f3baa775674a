package dev.walshift.engine.plan;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.ServerMessage;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/** The event triggers that fire for DDL of walshift's own. */
record EventTriggers(List<EventTrigger> all) {
    private static final SqlTemplate READ = SqlTemplate.of("""
        SELECT e.evtname, p.proname
          FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid
         WHERE e.evtenabled IN ('O', 'A') AND e.evtevent <> 'login'
         ORDER BY e.evtname
        """);

    EventTriggers {
        all = List.copyOf(all);
    }

    /** One of them, and the function that it calls. */
    record EventTrigger(Identifier name, String function) {}

    static EventTriggers read(Session session) throws SQLException {
        return new EventTriggers(
                session.query(READ, row -> new EventTrigger(new Identifier(row.getString(1)), row.getString(2))));
    }

    List<String> notices() {
        return all.stream()
                .map(trigger -> "event trigger %s will see walshift's own DDL".formatted(trigger.name()))
                .toList();
    }

    /**
     * What stands in the way, if a failure was raised in one of them: the server names functions in its context,
     * never triggers.
     */
    Optional<Problem> problem(SQLException failure) {
        ServerMessage message = ServerMessage.of(failure);
        return all.stream()
                .filter(trigger -> message.context()
                        .filter(context -> context.contains(trigger.function()))
                        .isPresent())
                .findFirst()
                .map(trigger -> new Problem(
                        ProblemCode.SERVER_SETTING,
                        "event trigger %s rejects walshift's DDL: %s (SQLSTATE %s)"
                                .formatted(trigger.name(), message.text(), failure.getSQLState()),
                        "Let it pass what an application_name that begins with walshift does, or ALTER EVENT TRIGGER %s"
                                        .formatted(trigger.name().sql())
                                + " DISABLE for the time of the migration"));
    }
}
