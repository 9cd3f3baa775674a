package dev.walshift.engine.plan.dependents;

import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;

/** Conditions on roles, for queries of the catalogs. */
public final class Roles {
    /** Since 16 a membership says whether the role's rights are inherited and whether SET ROLE is allowed, each for itself. */
    private static final SqlTemplate MAY_BECOME = SqlTemplate.of("""
        (pg_has_role({role}, 'USAGE')
         AND pg_has_role({role}, CASE WHEN current_setting('server_version_num')::int >= 160000
                                      THEN 'SET' ELSE 'MEMBER' END))
        """);

    private Roles() {}

    /**
     * Whether this session has a role's rights and may give it things.
     *
     * @param role a column with the role's OID
     */
    public static SqlPart mayBecome(String role) {
        return MAY_BECOME.with("role", new SqlText(role));
    }
}
