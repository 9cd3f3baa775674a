package dev.walshift.engine.table;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.List;

/**
 * Tells whether somebody changed a table meanwhile.
 *
 * <p>It covers, of the table and of all below a partitioned one, what a swap to a shadow made earlier would lose or contradict: names, columns, constraints, indexes, sequences,
 * statistics objects, rights, comments, storage parameters, inheritance, and everything that hangs on the table, views on views and
 * what is theirs too. It leaves out
 * what a migration changes itself (replica identity, its own publication, the owner of a serial's sequence, which stays the same
 * sequence) and what is no definition (files, figures, invalid indexes).
 */
public final class CatalogFingerprint {
    /**
     * One line for each thing. What the migration adds is passed over: its publication, the shadow's default on a serial's
     * sequence, and views and routines that it makes beside the shadow over views that stay.
     */
    private static final SqlTemplate FINGERPRINT = SqlTemplate.of("""
        WITH RECURSIVE tree(oid, root) AS (
             SELECT oid, true FROM unnest(ARRAY[?::oid]) AS o(oid)
             UNION ALL
             SELECT i.inhrelid, false
               FROM tree t
               JOIN pg_class p ON p.oid = t.oid AND p.relkind = 'p'
               JOIN pg_inherits i ON i.inhparent = t.oid),
        source AS (
             SELECT c.*, n.nspname, t.root
               FROM tree t JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid = c.relnamespace),
        sequences AS (
             SELECT s.oid, s.relname, s.relowner, s.relacl, d.refobjsubid, d.deptype
               FROM source c
               JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.deptype = 'i'
               JOIN pg_class s ON d.classid = 'pg_class'::regclass AND s.oid = d.objid AND s.relkind = 'S'),
        parts(classid, objid) AS (
             SELECT 'pg_class'::regclass, c.oid FROM source c
             UNION ALL SELECT 'pg_class'::regclass, i.indexrelid FROM pg_index i JOIN source c ON i.indrelid = c.oid
             UNION ALL SELECT 'pg_type'::regclass, c.reltype FROM source c
             UNION ALL SELECT 'pg_type'::regclass, t.typarray FROM pg_type t JOIN source c ON t.oid = c.reltype
             UNION ALL SELECT 'pg_attrdef'::regclass, d.oid FROM pg_attrdef d JOIN source c ON d.adrelid = c.oid
             UNION ALL SELECT 'pg_constraint'::regclass, o.oid FROM pg_constraint o JOIN source c ON o.conrelid = c.oid
             UNION ALL SELECT 'pg_statistic_ext'::regclass, s.oid FROM pg_statistic_ext s JOIN source c ON s.stxrelid = c.oid
             UNION ALL SELECT 'pg_class'::regclass, s.oid FROM sequences s),
        hanging(classid, objid, viewid) AS (
             SELECT d.classid, d.objid, w.ev_class
               FROM parts p
               JOIN pg_depend d ON d.refclassid = p.classid AND d.refobjid = p.objid
               LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
               LEFT JOIN pg_class fc ON fc.oid = f.adrelid
               LEFT JOIN pg_namespace fn ON fn.oid = fc.relnamespace
               LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
              WHERE d.classid <> 'pg_publication_rel'::regclass
                AND NOT (d.classid = 'pg_class'::regclass AND d.deptype = 'a'
                         AND EXISTS (SELECT FROM pg_class s WHERE s.oid = d.objid AND s.relkind = 'S'))
                AND NOT EXISTS (SELECT FROM parts o WHERE o.classid = d.classid AND o.objid = d.objid)
                AND d.objid NOT IN (SELECT reltoastrelid FROM source)
                AND NOT COALESCE(fn.nspname LIKE 'walshift\\_%', false)
             UNION
             SELECT d.classid, d.objid, w.ev_class
               FROM hanging h
               JOIN pg_class v ON v.oid = h.viewid AND v.relkind IN ('v', 'm')
               JOIN pg_depend d ON (d.refclassid = 'pg_class'::regclass AND d.refobjid = v.oid)
                                OR (d.refclassid = 'pg_type'::regclass AND d.refobjid = v.reltype)
               LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
               LEFT JOIN pg_class o ON o.oid = CASE d.classid WHEN 'pg_class'::regclass THEN d.objid ELSE w.ev_class END
               LEFT JOIN pg_proc f ON d.classid = 'pg_proc'::regclass AND f.oid = d.objid
               LEFT JOIN pg_namespace n ON n.oid = COALESCE(o.relnamespace, f.pronamespace)
              WHERE NOT COALESCE(n.nspname LIKE 'walshift\\_%', false)),
        relations(oid) AS (
             SELECT oid FROM source UNION SELECT viewid FROM hanging WHERE viewid IS NOT NULL),
        labels AS ({labels}),
        type_comments AS ({typeComments}),
        type_rights AS ({typeRights}),
        members AS ({members}),
        lines(line) AS (
             SELECT jsonb_build_array('table', c.oid, c.nspname, c.relname, c.relkind, c.relpersistence, c.relispartition,
                                      c.reltablespace, c.relam, c.relrowsecurity, c.relforcerowsecurity, c.reloftype,
                                      c.relowner, c.relacl::text, c.reloptions, t.reloptions,
                                      obj_description(c.oid, 'pg_class'))
               FROM source c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
             UNION ALL
             SELECT jsonb_build_array('column', c.oid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attcollation,
                                      a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attgenerated, a.attidentity,
                                      a.attstorage, a.attcompression, a.attstattarget, a.attoptions, a.attacl::text,
                                      col_description(a.attrelid, a.attnum))
               FROM source c
               JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
               LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
             UNION ALL
             SELECT jsonb_build_array('constraint', c.oid, o.conname, pg_get_constraintdef(o.oid), o.convalidated,
                                      to_jsonb(o) -> 'conenforced', obj_description(o.oid, 'pg_constraint'),
                                      (SELECT jsonb_agg(t.tgenabled ORDER BY t.tgrelid, t.tgtype) FROM pg_trigger t
                                        WHERE t.tgconstraint = o.oid))
               FROM source c JOIN pg_constraint o ON o.conrelid = c.oid
             UNION ALL
             SELECT jsonb_build_array('index', pg_get_indexdef(i.indexrelid), i.indisclustered, r.reltablespace,
                                      obj_description(i.indexrelid, 'pg_class'),
                                      (SELECT jsonb_agg(jsonb_build_array(a.attnum, a.attstattarget) ORDER BY a.attnum)
                                         FROM pg_attribute a WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0),
                                      (SELECT jsonb_agg(d.refobjid ORDER BY d.refobjid) FROM pg_depend d
                                        WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.deptype = 'x'))
               FROM relations c
               JOIN pg_class o ON o.oid = c.oid AND (o.relkind = 'm' OR o.oid IN (SELECT oid FROM source))
               JOIN pg_index i ON i.indrelid = c.oid AND i.indisvalid AND i.indislive
               JOIN pg_class r ON r.oid = i.indexrelid
             UNION ALL
             SELECT jsonb_build_array('sequence', s.relname, s.relowner, s.relacl::text, s.refobjsubid, s.deptype,
                                      q.seqtypid, q.seqstart, q.seqincrement, q.seqmax, q.seqmin, q.seqcache, q.seqcycle,
                                      obj_description(s.oid, 'pg_class'))
               FROM sequences s JOIN pg_sequence q ON q.seqrelid = s.oid
             UNION ALL
             SELECT jsonb_build_array('given sequence', d.objid, d.refobjsubid)
               FROM source c
               JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.deptype = 'a'
               JOIN pg_class s ON d.classid = 'pg_class'::regclass AND s.oid = d.objid AND s.relkind = 'S'
              WHERE NOT EXISTS (SELECT FROM unnest(?::text[]) AS serial(name) WHERE to_regclass(serial.name) = s.oid)
             UNION ALL
             SELECT jsonb_build_array('statistics', pg_get_statisticsobjdef(s.oid), s.stxowner, s.stxstattarget,
                                      obj_description(s.oid, 'pg_statistic_ext'))
               FROM source c JOIN pg_statistic_ext s ON s.stxrelid = c.oid
             UNION ALL
             SELECT jsonb_build_array('trigger', pg_get_triggerdef(t.oid), t.tgenabled, obj_description(t.oid, 'pg_trigger'),
                                      obj_description(t.tgconstraint, 'pg_constraint'),
                                      (SELECT jsonb_agg(d.refobjid ORDER BY d.refobjid) FROM pg_depend d
                                        WHERE d.classid = 'pg_trigger'::regclass AND d.objid = t.oid AND d.deptype = 'x'))
               FROM pg_trigger t
              -- a partitioned table's are internal on its partitions up to 14
              WHERE (NOT t.tgisinternal
                     OR (t.tgparentid <> 0 AND NOT EXISTS (SELECT FROM pg_constraint o
                                                            WHERE o.oid = t.tgconstraint AND o.contype = 'f')))
                AND (t.tgrelid IN (SELECT oid FROM relations)
                     OR ('pg_trigger'::regclass, t.oid) IN (SELECT h.classid, h.objid FROM hanging h))
             UNION ALL
             SELECT jsonb_build_array('rule', pg_get_ruledef(w.oid), w.ev_enabled, obj_description(w.oid, 'pg_rewrite'))
               FROM relations c JOIN pg_rewrite w ON w.ev_class = c.oid
             UNION ALL
             SELECT jsonb_build_array('policy', p.polrelid::regclass, p.polname, p.polcmd, p.polpermissive,
                                      p.polroles::regrole[], pg_get_expr(p.polqual, p.polrelid),
                                      pg_get_expr(p.polwithcheck, p.polrelid), obj_description(p.oid, 'pg_policy'))
               FROM pg_policy p
              WHERE p.polrelid IN (SELECT oid FROM source)
                 OR ('pg_policy'::regclass, p.oid) IN (SELECT h.classid, h.objid FROM hanging h)
             UNION ALL
             SELECT jsonb_build_array('foreign key', o.conrelid::regclass, o.conname, pg_get_constraintdef(o.oid),
                                      o.convalidated, to_jsonb(o) -> 'conenforced', obj_description(o.oid, 'pg_constraint'),
                                      (SELECT jsonb_agg(t.tgenabled ORDER BY t.tgrelid, t.tgtype) FROM pg_trigger t
                                        WHERE t.tgconstraint = o.oid))
               FROM pg_constraint o
              WHERE ('pg_constraint'::regclass, o.oid) IN (SELECT h.classid, h.objid FROM hanging h)
             UNION ALL
             SELECT jsonb_build_array('view', v.oid::regclass, v.relkind, v.relowner, v.relacl::text, v.reloptions, v.reltablespace,
                                      obj_description(v.oid, 'pg_class'),
                                      (SELECT jsonb_agg(jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod),
                                                                          a.attacl::text, pg_get_expr(d.adbin, d.adrelid),
                                                                          a.attstorage, a.attcompression, a.attstattarget,
                                                                          a.attoptions, col_description(a.attrelid, a.attnum))
                                                        ORDER BY a.attnum)
                                         FROM pg_attribute a
                                         LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                                        WHERE a.attrelid = v.oid AND a.attnum > 0))
               FROM relations c JOIN pg_class v ON v.oid = c.oid AND v.relkind IN ('v', 'm')
             UNION ALL
             SELECT jsonb_build_array('function', CASE WHEN f.prokind IN ('f', 'p') THEN pg_get_functiondef(f.oid) END,
                                      f.proowner, f.proacl::text, obj_description(f.oid, 'pg_proc'))
               FROM pg_proc f
              WHERE ('pg_proc'::regclass, f.oid) IN (SELECT h.classid, h.objid FROM hanging h)
             UNION ALL
             SELECT jsonb_build_array('publication', c.oid, to_jsonb(b), to_jsonb(r) - 'oid')
               FROM source c
               CROSS JOIN pg_publication b
               LEFT JOIN pg_publication_rel r
                      ON r.prpubid = b.oid
                     AND (r.prrelid = c.oid OR r.prrelid IN (SELECT relid FROM pg_partition_ancestors(c.oid) AS a(relid)))
              WHERE b.pubname !~ '^walshift_[0-9]+$'
                AND (r.oid IS NOT NULL OR b.puballtables {bySchema})
             UNION ALL
             SELECT jsonb_build_array('subscription', c.oid, r.srsubid)
               FROM source c JOIN pg_subscription_rel r ON r.srrelid = c.oid
             UNION ALL
             SELECT jsonb_build_array('inherits', i.inhrelid, i.inhparent, i.inhdetachpending, i.inhparent::regclass, pg_get_expr(c.relpartbound, c.oid),
                                      pg_get_partkeydef(i.inhparent), pg_get_partition_constraintdef(c.oid),
                                      (SELECT jsonb_agg(x.indexrelid ORDER BY x.indexrelid) FROM pg_index x
                                        WHERE x.indrelid = i.inhparent),
                                      -- whether ATTACH PARTITION would have to read a default partition beside the source
                                      (SELECT jsonb_agg(jsonb_build_array(t.partdefid, (
                                                  SELECT sum(pg_relation_size(l.relid)) > 0 FROM pg_partition_tree(t.partdefid) l)))
                                         FROM pg_partitioned_table t
                                        WHERE t.partrelid = i.inhparent AND t.partdefid <> c.oid
                                          AND c.root AND c.oid = i.inhrelid))
               FROM source c JOIN pg_inherits i ON c.oid IN (i.inhrelid, i.inhparent)
             UNION ALL
             SELECT jsonb_build_array('label', l.classid, l.objid, l.subid, l.provider, l.label) FROM labels l
             UNION ALL
             SELECT jsonb_build_array('comment on type', t.oid, t.comment) FROM type_comments t
             UNION ALL
             SELECT jsonb_build_array('rights of type', t.oid, t.rights::text) FROM type_rights t
             UNION ALL
             SELECT jsonb_build_array('of extension', m.classid, m.objid, m.extname) FROM members m
             UNION ALL
             SELECT jsonb_build_array('dependent', h.classid, h.objid) FROM hanging h)
        SELECT md5(string_agg(line::text, E'\\n' ORDER BY line::text)), current_setting('search_path') FROM lines
        """)
            .with("labels", Marks.LABELS)
            .with("typeComments", Marks.TYPE_COMMENTS)
            .with("typeRights", Marks.TYPE_RIGHTS)
            .with("members", Marks.MEMBERSHIPS);

    private static final SqlText BY_SCHEMA = new SqlText("""
        OR EXISTS (SELECT FROM pg_publication_namespace s WHERE s.pnpubid = b.oid AND s.pnnspid = c.relnamespace)
        """);
    private static final int SCHEMA_PUBLICATIONS_SINCE = 15;

    private static final String SYSTEM_PATH = "pg_catalog";

    private CatalogFingerprint() {}

    /**
     * The fingerprint of a table as it is now.
     *
     * @param session one that sees only pg_catalog ({@code Database.open}): what the server deparses depends on it
     * @param sequences that the migration hands over: a serial's is taken from its column before the swap
     * @return another text when anything of the above is different; the same text for as long as nothing is
     * @throws IllegalStateException if the session's search_path is another one
     * @throws MigrationException if there is no such table
     */
    public static String of(Session session, long oid, List<OwnedSequence> sequences) throws SQLException {
        String[] serials = sequences.stream()
                .filter(sequence -> sequence.kind() == OwnedSequence.Kind.SERIAL)
                .map(sequence -> sequence.source().sql())
                .toArray(String[]::new);
        boolean bySchema = session.serverMajor() >= SCHEMA_PUBLICATIONS_SINCE;
        return session.queryOne(
                FINGERPRINT.with("bySchema", bySchema ? BY_SCHEMA : new SqlText("")),
                row -> {
                    String path = row.getString(2);
                    if (!path.startsWith(SYSTEM_PATH)) {
                        throw new IllegalStateException("a fingerprint needs search_path pg_catalog, found " + path);
                    }
                    String fingerprint = row.getString(1);
                    if (fingerprint == null) {
                        throw new MigrationException(
                                ProblemCode.SOURCE_CHANGED,
                                "the table with oid %d is gone".formatted(oid),
                                "Somebody dropped it: there is nothing left to migrate.");
                    }
                    return fingerprint;
                },
                oid,
                serials);
    }

    /**
     * Tells a change that somebody made to the source's schema, or to what its definitions call, since the blueprint was made.
     *
     * @param session one that sees only pg_catalog
     * @throws MigrationException SOURCE_CHANGED
     */
    public static void requireUnchanged(Session session, Blueprint table) throws SQLException {
        requireSourceUnchanged(session, table);
        table.namesakes().requireUnchanged(session, table.source().name());
    }

    /** The same of the source alone. */
    public static void requireSourceUnchanged(Session session, Blueprint table) throws SQLException {
        if (!of(session, table.source().oid(), table.sequences()).equals(table.fingerprint())) {
            throw new MigrationException(
                    ProblemCode.SOURCE_CHANGED,
                    "somebody changed the schema of %s while it was migrated"
                            .formatted(table.source().name()),
                    "A swap would lose that change, so there was none. Plan the migration again for the table as it is"
                            + " now.");
        }
    }
}
