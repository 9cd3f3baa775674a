package dev.walshift.engine.plan;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A table as the raw catalogs have it, for comparison with another: whole rows of the catalogs, without what must differ (OIDs,
 * file numbers, figures, numbers of dropped columns). It shares no query with the code under test.
 */
final class CatalogDump {
    private static final String DUMP = """
        WITH r AS (SELECT c.*, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ?::regclass)
        SELECT 'class ' || (to_jsonb(c) - '{oid,reltype,relnamespace,relfilenode,relpages,reltuples,relallvisible,relallfrozen,reltoastrelid,relfrozenxid,relminmxid,relnatts,relacl,relhasindex}'::text[]
               || jsonb_build_object('acl', (SELECT jsonb_agg(jsonb_build_array(x.grantee::regrole, x.privilege_type, x.is_grantable) ORDER BY x.grantee, x.privilege_type)
                                               FROM aclexplode(COALESCE(c.relacl, acldefault('r', c.relowner))) x),
                                     'toast', (SELECT t.reloptions FROM pg_class t WHERE t.oid = c.reltoastrelid)))::text
          FROM r c0 JOIN pg_class c ON c.oid = c0.oid
        UNION ALL
        SELECT format('column %s ', row_number() OVER (ORDER BY a.attnum))
               || (to_jsonb(a) - '{attrelid,atttypid,attnum,attcacheoff,atthasmissing,attmissingval,attacl}'::text[]
               || jsonb_build_object('type', format_type(a.atttypid, a.atttypmod), 'default', pg_get_expr(d.adbin, d.adrelid),
                                     'acl', (SELECT jsonb_agg(jsonb_build_array(x.grantee::regrole, x.privilege_type, x.is_grantable) ORDER BY x.grantee, x.privilege_type)
                                               FROM aclexplode(a.attacl) x)))::text
          FROM r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
          LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        UNION ALL
        SELECT 'constraint ' || o.conname || ' ' || pg_get_constraintdef(o.oid)
               || (to_jsonb(o) - '{oid,conname,connamespace,conrelid,conindid,conkey,conbin,conexclop}'::text[])::text
          FROM r JOIN pg_constraint o ON o.conrelid = r.oid
        UNION ALL
        SELECT 'index ' || pg_get_indexdef(i.indexrelid)
               || (to_jsonb(i) - '{indexrelid,indrelid,indkey,indexprs,indpred,indcheckxmin}'::text[])::text
               || (to_jsonb(c) - '{oid,reltype,relnamespace,relfilenode,relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid}'::text[])::text
               || (SELECT jsonb_agg(a.attstattarget ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid)::text
          FROM r JOIN pg_index i ON i.indrelid = r.oid AND i.indisvalid JOIN pg_class c ON c.oid = i.indexrelid
        UNION ALL
        SELECT 'sequence ' || s.relname || ' ' || d.deptype::text || ' ' || a.attname || (to_jsonb(q) - 'seqrelid')::text
               || (to_jsonb(s) - '{oid,reltype,relnamespace,relfilenode,relacl}'::text[])::text
               || (SELECT jsonb_agg(jsonb_build_array(x.grantee::regrole, x.privilege_type) ORDER BY x.grantee, x.privilege_type)
                     FROM aclexplode(COALESCE(s.relacl, acldefault('s', s.relowner))) x)::text
          FROM r
          JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid AND d.deptype IN ('a', 'i')
          JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
          JOIN pg_sequence q ON q.seqrelid = s.oid
          JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = d.refobjsubid
        UNION ALL
        SELECT 'statistics ' || pg_get_statisticsobjdef(s.oid)
               || (to_jsonb(s) - '{oid,stxrelid,stxnamespace,stxkeys,stxexprs}'::text[])::text
          FROM r JOIN pg_statistic_ext s ON s.stxrelid = r.oid
        UNION ALL
        SELECT 'comment ' || pg_describe_object(p.classoid, p.objoid, p.objsubid) || ': ' || p.description
          FROM r JOIN pg_description p ON p.objoid IN (
               SELECT r.oid UNION ALL SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = r.oid
               UNION ALL SELECT o.oid FROM pg_constraint o WHERE o.conrelid = r.oid
               UNION ALL SELECT s.oid FROM pg_statistic_ext s WHERE s.stxrelid = r.oid
               UNION ALL SELECT d.objid FROM pg_depend d WHERE d.refobjid = r.oid AND d.classid = 'pg_class'::regclass)
         ORDER BY 1
        """;

    private CatalogDump() {}

    /**
     * What two tables of the same name do not have in common.
     *
     * @param table their name, as SQL
     * @param found schema of the one, as SQL
     * @param expected schema of the other, as SQL
     */
    static List<String> differences(Bench bench, String table, String found, String expected) throws SQLException {
        List<String> ours = of(bench, found, table);
        List<String> theirs = of(bench, expected, table);
        if (theirs.size() < 3) {
            throw new IllegalStateException("that is no table: " + theirs);
        }
        List<String> differences = new ArrayList<>();
        ours.stream().filter(line -> !theirs.contains(line)).forEach(line -> differences.add("found    " + line));
        theirs.stream().filter(line -> !ours.contains(line)).forEach(line -> differences.add("expected " + line));
        return differences;
    }

    private static List<String> of(Bench bench, String schema, String table) throws SQLException {
        try (Connection connection = bench.connect()) {
            try (Statement statement = connection.createStatement()) {
                statement.execute("SET search_path = pg_catalog");
            }
            try (PreparedStatement statement = connection.prepareStatement(DUMP)) {
                statement.setString(1, schema + "." + table);
                List<String> lines = new ArrayList<>();
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        lines.add(withoutSchema(rows.getString(1), schema));
                    }
                }
                return lines.stream().sorted().toList();
            }
        }
    }

    /** In JSON text a double quote has a backslash before it. */
    private static String withoutSchema(String line, String schema) {
        String inJson = schema.replace("\"", "\\\"");
        return Pattern.compile(Pattern.quote(inJson) + "\\.|" + Pattern.quote(schema) + "\\.")
                .matcher(line)
                .replaceAll("");
    }
}
