package dev.walshift.engine.migration;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/**
 * Triggers, rules and policies as the server tells them, with all that belongs to each; a wrong binding shows as
 * another table's name.
 */
final class AttachedObjects {
    private static final String TELL = """
        WITH tables AS (
             SELECT c.oid, c.relrowsecurity, c.relforcerowsecurity
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema|walshift)')
        SELECT concat_ws(' | ', 'trigger', pg_get_triggerdef(t.oid), t.tgenabled, obj_description(t.oid, 'pg_trigger'),
                         obj_description(t.tgconstraint, 'pg_constraint'),
                         (SELECT count(*) FROM pg_depend d WHERE d.classid = 'pg_trigger'::regclass AND d.objid = t.oid
                                                             AND d.deptype = 'x'))
          FROM pg_trigger t WHERE t.tgrelid IN (SELECT oid FROM tables) AND NOT t.tgisinternal
        UNION ALL
        SELECT concat_ws(' | ', 'rule', pg_get_ruledef(w.oid), w.ev_enabled, obj_description(w.oid, 'pg_rewrite'))
          FROM pg_rewrite w WHERE w.ev_class IN (SELECT oid FROM tables)
        UNION ALL
        SELECT concat_ws(' | ', 'policy', p.polrelid::regclass, p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[],
                         pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
                         obj_description(p.oid, 'pg_policy'))
          FROM pg_policy p WHERE p.polrelid IN (SELECT oid FROM tables)
        UNION ALL
        SELECT concat_ws(' | ', 'table', oid::regclass, relrowsecurity, relforcerowsecurity) FROM tables
         ORDER BY 1
        """;

    private AttachedObjects() {}

    /** Of every table that is not walshift's. */
    static List<String> tell(Connection connection) throws SQLException {
        return Scenario.list(connection, TELL);
    }
}
