package dev.walshift.engine.table;

import dev.walshift.postgres.SqlText;

/**
 * What only a statement of its own sets on a table, its row type and its identity sequences, and no new table has: queries over a relation
 * {@code source}, which has the columns of pg_class. The plan refuses them, and the fingerprint tells when one is set later.
 */
public final class Marks {
    /** classid, objid, subid, provider, label. A serial's sequence stays itself, with its labels. */
    public static final SqlText LABELS = new SqlText("""
        SELECT l.classoid AS classid, l.objoid AS objid, l.objsubid AS subid, l.provider, l.label
          FROM (SELECT 'pg_class'::regclass AS classid, c.oid AS objid FROM source c
                UNION ALL
                SELECT 'pg_type'::regclass, c.reltype FROM source c
                UNION ALL
                SELECT d.classid, d.objid
                  FROM source c
                  JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                                  AND d.refobjid = c.oid AND d.deptype = 'i') AS m
          JOIN pg_seclabel l ON l.classoid = m.classid AND l.objoid = m.objid
        """);

    /** oid, comment: of the row type and its array type. */
    public static final SqlText TYPE_COMMENTS = new SqlText("""
        SELECT t.oid, obj_description(t.oid, 'pg_type') AS comment
          FROM source c JOIN pg_type r ON r.oid = c.reltype JOIN pg_type t ON t.oid IN (r.oid, r.typarray)
         WHERE obj_description(t.oid, 'pg_type') IS NOT NULL
        """);

    /** oid, rights: of the row type. They are the default ones until somebody grants or revokes. */
    public static final SqlText TYPE_RIGHTS = new SqlText("""
        SELECT t.oid, t.typacl AS rights
          FROM source c JOIN pg_type t ON t.oid = c.reltype
         WHERE t.typacl IS NOT NULL
           AND EXISTS ((SELECT * FROM aclexplode(t.typacl) EXCEPT SELECT * FROM aclexplode(acldefault('T', t.typowner)))
                       UNION ALL
                       (SELECT * FROM aclexplode(acldefault('T', t.typowner)) EXCEPT SELECT * FROM aclexplode(t.typacl)))
        """);

    /**
     * classid, objid, extname: of the row type and identity sequences, which are made anew, where one belongs to an extension. The table itself is
     * looked at apart. The server lets no index, and no statistics object, belong to one.
     */
    public static final SqlText MEMBERSHIPS = new SqlText("""
        SELECT d.classid, d.objid, e.extname
          FROM (SELECT 'pg_type'::regclass AS classid, c.reltype AS objid FROM source c
                UNION ALL
                SELECT o.classid, o.objid
                  FROM source c
                  JOIN pg_depend o ON o.classid = 'pg_class'::regclass AND o.refclassid = 'pg_class'::regclass
                                  AND o.refobjid = c.oid AND o.deptype = 'i') AS m
          JOIN pg_depend d ON d.classid = m.classid AND d.objid = m.objid AND d.deptype = 'e'
          JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
        """);

    private Marks() {}
}
