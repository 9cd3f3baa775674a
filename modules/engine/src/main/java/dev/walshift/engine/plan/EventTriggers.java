package dev.walshift.engine.plan;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.UnqualifiedNames;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.ServerMessage;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/** The event triggers that fire for DDL of walshift's own. */
record EventTriggers(List<EventTrigger> all) {
    private static final SqlTemplate READ = SqlTemplate.of("""
        SELECT e.evtname, p.proname, format('%I.%I()', n.nspname, p.proname) AS signature,
               l.lanname NOT IN ('c', 'internal')
               AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS s(setting) WHERE s.setting LIKE 'search\\_path=%') AS searches
          FROM pg_event_trigger e
          JOIN pg_proc p ON p.oid = e.evtfoid
          JOIN pg_namespace n ON n.oid = p.pronamespace
          JOIN pg_language l ON l.oid = p.prolang
         WHERE e.evtenabled IN ('O', 'A') AND e.evtevent <> 'login'
         ORDER BY e.evtname
        """);

    EventTriggers {
        all = List.copyOf(all);
    }

    /**
     * One of them, and the function that it calls.
     *
     * @param function as the server names it in its context
     * @param signature in full, as SQL
     * @param searches whether it looks for what has no schema in the session's search_path
     */
    record EventTrigger(Identifier name, String function, String signature, boolean searches) {
        private static EventTrigger read(ResultSet row) throws SQLException {
            return new EventTrigger(
                    new Identifier(row.getString("evtname")),
                    row.getString("proname"),
                    row.getString("signature"),
                    row.getBoolean("searches"));
        }

        private String notice() {
            String seen = "event trigger %s will see walshift's own DDL".formatted(name);
            return searches
                    ? "%s, with search_path pg_catalog; if its function names anything without a schema: ALTER FUNCTION %s SET search_path = ..."
                            .formatted(seen, signature)
                    : seen;
        }
    }

    static EventTriggers read(Session session) throws SQLException {
        return new EventTriggers(session.query(READ, EventTrigger::read));
    }

    List<String> notices() {
        return all.stream().map(EventTrigger::notice).toList();
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
                        UnqualifiedNames.remedy(failure, Optional.of(trigger.signature()))
                                        .map(remedy -> remedy + "; or ")
                                        .orElse("Let it pass what an application_name that begins with walshift does,"
                                                + " or ")
                                + "ALTER EVENT TRIGGER %s DISABLE for the time of the migration"
                                        .formatted(trigger.name().sql())));
    }
}
