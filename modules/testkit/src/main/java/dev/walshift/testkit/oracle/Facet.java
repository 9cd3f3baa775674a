package dev.walshift.testkit.oracle;

import dev.walshift.postgres.SqlText;

/**
 * One kind of fact about the objects of a database: a query of an object's class and numbers, and its properties as
 * JSON.
 *
 * <p>Most take a whole row of a catalog and leave out what no one can see or what is said better otherwise, so that
 * a column that a later server adds is not forgotten: it shows up by itself. What refers to others is told by names:
 * OIDs and column numbers differ from database to database. 16384 is the first OID that is not of the server's own
 * making (FirstNormalObjectId).
 */
enum Facet {
    RELATION("""
        SELECT 'pg_class'::regclass, c.oid, 0,
               to_jsonb(c) - '{oid,relname,relnamespace,reltype,reloftype,relowner,relam,relfilenode,reltablespace,relpages,reltuples,
                               relallvisible,relallfrozen,reltoastrelid,relhasindex,relhasrules,relhastriggers,relhassubclass,
                               relfrozenxid,relminmxid,relnatts,relacl,relpartbound,relisshared,relrewrite}'::text[]
               || jsonb_build_object(
                  'owner', c.relowner::regrole,
                  'access method', (SELECT amname FROM pg_am m WHERE m.oid = c.relam),
                  'tablespace', (SELECT spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace),
                  'of type', NULLIF(c.reloftype, 0)::regtype,
                  'row type', (SELECT typname FROM pg_type t WHERE t.oid = c.reltype),
                  'array type', (SELECT a.typname FROM pg_type t JOIN pg_type a ON a.oid = t.typarray WHERE t.oid = c.reltype),
                  'toast options', (SELECT t.reloptions FROM pg_class t WHERE t.oid = c.reltoastrelid),
                  'partition key', pg_get_partkeydef(c.oid),
                  'bound', pg_get_expr(c.relpartbound, c.oid),
                  'definition', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
                  'privileges', (SELECT jsonb_agg(a::text ORDER BY a::text)
                                   FROM unnest(COALESCE(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char",
                                                                             c.relowner))) AS a
                                  WHERE c.relkind NOT IN ('i', 'I', 'c')))
          FROM pg_class c JOIN own ON own.oid = c.relnamespace
        """),
    COLUMN("""
        SELECT 'pg_class'::regclass, c.oid, a.attnum,
               to_jsonb(a) - '{attrelid,attname,atttypid,attnum,attcacheoff,atttypmod,atthasmissing,attmissingval,attacl,attcollation,
                               attlen,attndims,attbyval,attalign,attisdropped}'::text[]
               || jsonb_build_object(
                  'position', row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum),
                  'type', format_type(a.atttypid, a.atttypmod),
                  'collation', NULLIF(a.attcollation, 0)::regcollation,
                  'default', pg_get_expr(d.adbin, d.adrelid),
                  'privileges', (SELECT jsonb_agg(p::text ORDER BY p::text) FROM unnest(a.attacl) AS p))
          FROM pg_class c
          JOIN own ON own.oid = c.relnamespace
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
         WHERE c.relkind NOT IN ('i', 'I', 'S')
        """),
    INDEX("""
        SELECT 'pg_class'::regclass, c.oid, 0,
               to_jsonb(i) - '{indexrelid,indrelid,indkey,indexprs,indpred,indcheckxmin,indcollation,indclass,indoption}'::text[]
               || jsonb_build_object(
                  'definition', pg_get_indexdef(c.oid),
                  'statistics targets', (SELECT jsonb_agg(a.attstattarget ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid))
          FROM pg_class c JOIN own ON own.oid = c.relnamespace JOIN pg_index i ON i.indexrelid = c.oid
        """),
    /** With the hidden triggers of a foreign key, which DISABLE TRIGGER ALL reaches. */
    CONSTRAINT("""
        SELECT 'pg_constraint'::regclass, o.oid, 0,
               to_jsonb(o) - '{oid,conname,connamespace,conrelid,contypid,conindid,conparentid,confrelid,conkey,confkey,conpfeqop,
                               conppeqop,conffeqop,confdelsetcols,conexclop,conbin}'::text[]
               || jsonb_build_object(
                  'definition', pg_get_constraintdef(o.oid),
                  'index', NULLIF(o.conindid, 0)::regclass,
                  'parent', (SELECT p.conname FROM pg_constraint p WHERE p.oid = o.conparentid),
                  'operators', (SELECT jsonb_agg(x::regoperator ORDER BY n)
                                  FROM unnest(o.conpfeqop || o.conexclop) WITH ORDINALITY AS u(x, n)),
                  'triggers', (SELECT jsonb_agg(format('%s on %s %s', t.tgfoid::regproc, t.tgrelid::regclass, t.tgenabled)
                                                ORDER BY t.tgfoid::regproc::text, t.tgrelid::regclass::text)
                                 FROM pg_trigger t WHERE t.tgconstraint = o.oid AND t.tgisinternal))
          FROM pg_constraint o JOIN own ON own.oid = o.connamespace
        """),
    SEQUENCE("""
        SELECT 'pg_class'::regclass, c.oid, 0,
               to_jsonb(s) - '{seqrelid,seqtypid}'::text[]
               || jsonb_build_object(
                  'type', s.seqtypid::regtype,
                  'owned by', (SELECT format('%s %s', (pg_identify_object(d.refclassid, d.refobjid, d.refobjsubid)).identity, d.deptype)
                                 FROM pg_depend d
                                WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
                                  AND d.deptype IN ('a', 'i')))
          FROM pg_class c JOIN own ON own.oid = c.relnamespace JOIN pg_sequence s ON s.seqrelid = c.oid
        """),
    RULE("""
        SELECT 'pg_rewrite'::regclass, w.oid, 0,
               jsonb_build_object('definition', pg_get_ruledef(w.oid), 'enabled', w.ev_enabled)
          FROM pg_class c JOIN own ON own.oid = c.relnamespace JOIN pg_rewrite w ON w.ev_class = c.oid
         WHERE w.rulename <> '_RETURN'
        """),
    TRIGGER("""
        SELECT 'pg_trigger'::regclass, t.oid, 0,
               to_jsonb(t) - '{oid,tgrelid,tgparentid,tgname,tgfoid,tgconstrrelid,tgconstrindid,tgconstraint,tgattr,tgargs,tgqual,
                               tgisinternal}'::text[]
               || jsonb_build_object('definition', pg_get_triggerdef(t.oid))
          FROM pg_class c JOIN own ON own.oid = c.relnamespace JOIN pg_trigger t ON t.tgrelid = c.oid
         WHERE NOT t.tgisinternal
        """),
    POLICY("""
        SELECT 'pg_policy'::regclass, p.oid, 0,
               jsonb_build_object(
                  'command', p.polcmd, 'permissive', p.polpermissive,
                  'roles', (SELECT jsonb_agg(CASE r WHEN 0 THEN 'public' ELSE r::regrole::text END
                                             ORDER BY CASE r WHEN 0 THEN 'public' ELSE r::regrole::text END) FROM unnest(p.polroles) AS r),
                  'using', pg_get_expr(p.polqual, p.polrelid),
                  'check', pg_get_expr(p.polwithcheck, p.polrelid))
          FROM pg_class c JOIN own ON own.oid = c.relnamespace JOIN pg_policy p ON p.polrelid = c.oid
        """),
    FUNCTION("""
        SELECT 'pg_proc'::regclass, p.oid, 0,
               jsonb_build_object(
                  'definition', CASE WHEN p.prokind = 'a' THEN pg_get_function_arguments(p.oid) ELSE pg_get_functiondef(p.oid) END,
                  'aggregate', (SELECT to_jsonb(a) - '{aggfnoid,aggtranstype,aggmtranstype,aggsortop}'::text[]
                                       || jsonb_build_object('state', a.aggtranstype::regtype, 'moving state', a.aggmtranstype::regtype,
                                                             'sort', a.aggsortop::regoperator, 'result', p.prorettype::regtype,
                                                             'parallel', p.proparallel)
                                  FROM pg_aggregate a WHERE a.aggfnoid = p.oid),
                  'owner', p.proowner::regrole,
                  'privileges', (SELECT jsonb_agg(a::text ORDER BY a::text)
                                   FROM unnest(COALESCE(p.proacl, acldefault('f', p.proowner))) AS a))
          FROM pg_proc p JOIN own ON own.oid = p.pronamespace
        """),
    STATISTICS("""
        SELECT 'pg_statistic_ext'::regclass, s.oid, 0,
               to_jsonb(s) - '{oid,stxrelid,stxname,stxnamespace,stxowner,stxkeys,stxexprs}'::text[]
               || jsonb_build_object('definition', pg_get_statisticsobjdef(s.oid), 'owner', s.stxowner::regrole,
                                     'table', s.stxrelid::regclass)
          FROM pg_statistic_ext s JOIN own ON own.oid = s.stxnamespace
        """),
    /** Not those of relations and arrays, which have no life of their own. */
    TYPE("""
        SELECT 'pg_type'::regclass, t.oid, 0,
               to_jsonb(t) - '{oid,typname,typnamespace,typowner,typrelid,typelem,typarray,typbasetype,typtypmod,typndims,typdefault,
                               typdefaultbin,typcollation,typacl}'::text[]
               || jsonb_build_object(
                  'base', NULLIF(t.typbasetype, 0)::regtype, 'modifier', format_type(NULLIF(t.typbasetype, 0), t.typtypmod),
                  'default', t.typdefault, 'collation', NULLIF(t.typcollation, 0)::regcollation, 'owner', t.typowner::regrole,
                  'labels', (SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
                  'range', (SELECT jsonb_build_object('of', r.rngsubtype::regtype, 'canonical', r.rngcanonical, 'diff', r.rngsubdiff,
                                                      'collation', NULLIF(r.rngcollation, 0)::regcollation,
                                                      'operators', o.opcname, 'multirange', r.rngmultitypid::regtype)
                              FROM pg_range r JOIN pg_opclass o ON o.oid = r.rngsubopc WHERE r.rngtypid = t.oid),
                  'privileges', (SELECT jsonb_agg(a::text ORDER BY a::text)
                                   FROM unnest(COALESCE(t.typacl, acldefault('T', t.typowner))) AS a))
          FROM pg_type t JOIN own ON own.oid = t.typnamespace
         WHERE NOT (t.typelem <> 0 AND t.typcategory = 'A')
           AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind <> 'c')
        """),
    SCHEMA("""
        SELECT 'pg_namespace'::regclass, n.oid, 0,
               jsonb_build_object(
                  'owner', n.nspowner::regrole,
                  'privileges', (SELECT jsonb_agg(a::text ORDER BY a::text)
                                   FROM unnest(COALESCE(n.nspacl, acldefault('n', n.nspowner))) AS a))
          FROM pg_namespace n JOIN own ON own.oid = n.oid
        """),
    INHERITANCE("""
        SELECT 'pg_class'::regclass, c.oid, 0, jsonb_object_agg('inherits ' || i.inhparent::regclass, i.inhseqno)
          FROM pg_class c JOIN own ON own.oid = c.relnamespace JOIN pg_inherits i ON i.inhrelid = c.oid
         GROUP BY c.oid
        """),
    PUBLICATION("""
        SELECT 'pg_publication'::regclass, p.oid, 0,
               to_jsonb(p) - '{oid,pubname,pubowner}'::text[] || jsonb_build_object('owner', p.pubowner::regrole)
          FROM pg_publication p
        """),
    /** Column lists and row filters; what is published at all is among the dependencies. */
    PUBLISHED_TABLE(15, """
        SELECT 'pg_publication_rel'::regclass, r.oid, 0,
               jsonb_build_object(
                  'where', pg_get_expr(r.prqual, r.prrelid),
                  'columns', (SELECT jsonb_agg(a.attname ORDER BY a.attname) FROM pg_attribute a
                               WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)))
          FROM pg_publication_rel r
        """),
    PUBLISHED_SCHEMA(15, """
        SELECT 'pg_publication_namespace'::regclass, s.oid, 0, '{}'::jsonb FROM pg_publication_namespace s
        """),
    SUBSCRIBED_TABLE("""
        SELECT 'pg_class'::regclass, r.srrelid, 0, jsonb_build_object('written by subscription ' || s.subname, r.srsubstate)
          FROM pg_subscription_rel r JOIN pg_subscription s ON s.oid = r.srsubid
        """),
    DEFAULT_PRIVILEGES("""
        SELECT 'pg_default_acl'::regclass, d.oid, 0,
               jsonb_build_object('privileges', (SELECT jsonb_agg(a::text ORDER BY a::text) FROM unnest(d.defaclacl) AS a))
          FROM pg_default_acl d
        """),
    EVENT_TRIGGER("""
        SELECT 'pg_event_trigger'::regclass, e.oid, 0,
               to_jsonb(e) - '{oid,evtname,evtowner,evtfoid}'::text[]
               || jsonb_build_object('owner', e.evtowner::regrole, 'function', e.evtfoid::regprocedure)
          FROM pg_event_trigger e
        """),
    COMMENT("""
        SELECT d.classoid, d.objoid, d.objsubid, jsonb_build_object('comment', d.description)
          FROM pg_description d WHERE d.objoid >= 16384
        """),
    SECURITY_LABEL("""
        SELECT l.classoid, l.objoid, l.objsubid, jsonb_build_object('security label of ' || l.provider, l.label)
          FROM pg_seclabel l WHERE l.objoid >= 16384
        """),
    /**
     * What an object is bound to by OID, which no definition shows: a view or function that still means the retired
     * table tells it by the schema.
     */
    DEPENDENCY("""
        SELECT d.classid, d.objid, d.objsubid,
               jsonb_object_agg(format('depends on %s %s', r.type, r.identity), d.deptype ORDER BY d.deptype)
          FROM pg_depend d
         CROSS JOIN LATERAL pg_identify_object(d.refclassid, d.refobjid, d.refobjsubid) AS r
         WHERE d.objid >= 16384
         GROUP BY d.classid, d.objid, d.objsubid
        """);

    private final int since;
    private final String query;

    Facet(String query) {
        this(0, query);
    }

    Facet(int since, String query) {
        this.since = since;
        this.query = query;
    }

    /** The first major that has the catalogs it asks. */
    int since() {
        return since;
    }

    SqlText query() {
        return new SqlText(query);
    }
}
