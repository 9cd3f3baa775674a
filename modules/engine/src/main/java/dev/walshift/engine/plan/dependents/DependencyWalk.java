package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.journal.Journal;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds what else in the database hangs on a relation, its row type, its columns, indexes, constraints and sequences. All of it is
 * bound by OID and would go on meaning the old table after the swap.
 */
final class DependencyWalk {
    /**
     * "parts" are the table and what is made of it and moves with it. A default that a retired or shadow table of ours has on the
     * table's serial sequence is nobody's loss, nor is a publication of ours.
     */
    private static final SqlTemplate DEPENDENTS = SqlTemplate.of("""
        WITH tables AS (
             SELECT c.oid, c.oid AS owner, c.reltype, c.reltoastrelid
               FROM pg_class c
              WHERE c.oid = ?::oid
                 OR c.oid IN (SELECT t.relid FROM pg_partition_tree(?::oid::regclass) t
                               WHERE (SELECT relkind FROM pg_class WHERE oid = ?::oid) = 'p')),
        relations AS (
             SELECT oid, owner, reltype FROM tables
             UNION ALL
             SELECT reltoastrelid, owner, 0::oid FROM tables WHERE reltoastrelid <> 0),
        parts(classid, objid, owner) AS (
             SELECT 'pg_class'::regclass, r.oid, r.owner FROM relations r
             UNION ALL SELECT 'pg_class'::regclass, i.indexrelid, r.owner FROM pg_index i JOIN relations r ON i.indrelid = r.oid
             UNION ALL SELECT 'pg_type'::regclass, r.reltype, r.owner FROM relations r
             UNION ALL SELECT 'pg_type'::regclass, t.typarray, r.owner FROM pg_type t JOIN relations r ON t.oid = r.reltype
             UNION ALL SELECT 'pg_attrdef'::regclass, d.oid, r.owner FROM pg_attrdef d JOIN relations r ON d.adrelid = r.oid
             UNION ALL SELECT 'pg_constraint'::regclass, c.oid, r.owner FROM pg_constraint c JOIN relations r ON c.conrelid = r.oid
                        WHERE c.contype IN ('c', 'n', 'p', 'u', 'x')
             UNION ALL SELECT 'pg_statistic_ext'::regclass, s.oid, r.owner FROM pg_statistic_ext s JOIN relations r ON s.stxrelid = r.oid
             UNION ALL SELECT 'pg_class'::regclass, s.oid, r.owner
                         FROM pg_depend d
                         JOIN relations r ON d.refobjid = r.oid
                         JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
                        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                          AND d.deptype IN ('a', 'i')),
        dependents AS (
             SELECT DISTINCT d.classid, d.objid, CASE WHEN d.classid = 'pg_class'::regclass THEN d.objsubid ELSE 0 END AS subid
               FROM parts p
               JOIN pg_depend d ON d.refclassid = p.classid AND d.refobjid = p.objid
              WHERE (p.owner = ?::oid) = ?
                AND NOT EXISTS (SELECT FROM parts o WHERE o.classid = d.classid AND o.objid = d.objid))
        SELECT DISTINCT d.classid::bigint AS catalog, d.objid::bigint AS object,
               CASE d.classid
                    WHEN 'pg_constraint'::regclass THEN CASE c.contype WHEN 'f' THEN 'FOREIGN_KEY' ELSE 'OTHER' END
                    WHEN 'pg_trigger'::regclass THEN 'TRIGGER'
                    WHEN 'pg_rewrite'::regclass THEN CASE WHEN e.relkind IN ('v', 'm') THEN 'VIEW' ELSE 'RULE' END
                    WHEN 'pg_policy'::regclass THEN 'POLICY'
                    WHEN 'pg_publication_rel'::regclass THEN 'PUBLICATION'
                    WHEN 'pg_proc'::regclass THEN 'FUNCTION'
                    ELSE 'OTHER' END AS kind,
               CASE WHEN e.relkind IN ('v', 'm') THEN pg_describe_object('pg_class'::regclass, e.oid, 0)
                    ELSE pg_describe_object(d.classid, d.objid, d.subid) END AS name
          FROM dependents d
          LEFT JOIN pg_constraint c ON d.classid = 'pg_constraint'::regclass AND c.oid = d.objid
          LEFT JOIN pg_trigger t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
          LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
          LEFT JOIN pg_class e ON e.oid = w.ev_class
          LEFT JOIN pg_attrdef a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
          LEFT JOIN pg_class ac ON ac.oid = a.adrelid
          LEFT JOIN pg_namespace an ON an.oid = ac.relnamespace
          LEFT JOIN pg_publication_rel m ON d.classid = 'pg_publication_rel'::regclass AND m.oid = d.objid
          LEFT JOIN pg_publication p ON p.oid = m.prpubid
         WHERE (? OR NOT COALESCE((c.contype = 'f' AND c.conparentid <> 0)
                                  OR (c.contype = 't' AND EXISTS (SELECT FROM pg_trigger ct
                                                                   WHERE ct.tgconstraint = c.oid AND ct.tgparentid <> 0)), false))
           AND NOT COALESCE(t.tgisinternal OR t.tgparentid <> 0, false)
           AND NOT COALESCE(an.nspname = 'walshift' OR an.nspname LIKE 'walshift\\_%', false)
           AND NOT COALESCE(p.pubname ~ '^walshift_[0-9]+$' AND starts_with(obj_description(p.oid, 'pg_publication'), ?), false)
         ORDER BY kind, name
        """);

    /** By schema (15 and later) and FOR ALL TABLES leave no entry in pg_depend. */
    private static final SqlTemplate WIDE_PUBLICATIONS = SqlTemplate.of("""
        SELECT 'pg_publication'::regclass::oid::bigint AS catalog, p.oid::bigint AS object, 'PUBLICATION' AS kind,
               format('publication %I, which covers all tables', p.pubname) AS name
          FROM pg_publication p
         WHERE p.puballtables
         ORDER BY name
        """);

    private static final SqlTemplate SCHEMA_PUBLICATIONS = SqlTemplate.of("""
        SELECT 'pg_publication'::regclass::oid::bigint AS catalog, p.oid::bigint AS object, 'PUBLICATION' AS kind,
               format('publication %I, which covers schema %I', p.pubname, n.nspname) AS name
          FROM pg_publication p
          JOIN pg_publication_namespace s ON s.pnpubid = p.oid
          JOIN pg_namespace n ON n.oid = s.pnnspid
          JOIN pg_class c ON c.relnamespace = n.oid
         WHERE c.oid = ?::oid
         ORDER BY name
        """);

    /** Only the columns that everybody may read. */
    private static final SqlTemplate SUBSCRIPTIONS = SqlTemplate.of("""
        SELECT 'pg_subscription'::regclass::oid::bigint AS catalog, s.oid::bigint AS object, 'SUBSCRIPTION' AS kind,
               format('subscription %I', s.subname) AS name
          FROM pg_subscription_rel r JOIN pg_subscription s ON s.oid = r.srsubid
         WHERE r.srrelid = ?::oid
         ORDER BY name
        """);

    private static final int SCHEMA_PUBLICATIONS_SINCE = 15;

    private DependencyWalk() {}

    /**
     * What hangs directly on a relation.
     *
     * @param oid of a table or a view
     */
    static List<Dependent> of(Session session, long oid) throws SQLException {
        List<Dependent> found = new ArrayList<>(bound(session, oid, true));
        found.addAll(session.query(WIDE_PUBLICATIONS, DependencyWalk::dependent));
        if (session.serverMajor() >= SCHEMA_PUBLICATIONS_SINCE) {
            found.addAll(session.query(SCHEMA_PUBLICATIONS, DependencyWalk::dependent, oid));
        }
        found.addAll(session.query(SUBSCRIPTIONS, DependencyWalk::dependent, oid));
        return found;
    }

    /** What hangs on a table below a partitioned one, and not on that itself. */
    static List<Dependent> ofPartitions(Session session, long oid) throws SQLException {
        return bound(session, oid, false);
    }

    private static List<Dependent> bound(Session session, long oid, boolean onItself) throws SQLException {
        return session.query(
                DEPENDENTS, DependencyWalk::dependent, oid, oid, oid, oid, onItself, onItself, Journal.MARK_BEGINS);
    }

    private static Dependent dependent(ResultSet row) throws SQLException {
        return new Dependent(
                Dependent.Kind.valueOf(row.getString("kind")),
                row.getLong("catalog"),
                row.getLong("object"),
                row.getString("name"));
    }
}
