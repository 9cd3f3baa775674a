package dev.walshift.engine.plan;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;

/** Reads the sequences that a table's columns own. */
final class SequenceReader {
    /** How a column owns a sequence: internally for an identity, automatically by OWNED BY (pg_depend.deptype). */
    private static final SqlTemplate OWNED = SqlTemplate.of("""
        SELECT s.oid::bigint AS sequence_oid, n.nspname, s.relname, a.attname, d.deptype = 'i' AS identity,
               format_type(q.seqtypid, NULL) AS type,
               format('START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s %s', q.seqstart, q.seqincrement,
                      q.seqmin, q.seqmax, q.seqcache, CASE WHEN q.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END) AS settings,
               obj_description(s.oid, 'pg_class') AS comment
          FROM pg_depend d
          JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
          JOIN pg_namespace n ON n.oid = s.relnamespace
          JOIN pg_sequence q ON q.seqrelid = s.oid
          JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
         WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
           AND d.refobjid = ?::oid AND d.deptype IN ('a', 'i')
         ORDER BY s.oid
        """);

    private SequenceReader() {}

    static List<ColumnSequence> owned(Session session, long table) throws SQLException {
        return session.query(OWNED, row -> sequence(session, row), table);
    }

    private static ColumnSequence sequence(Session session, ResultSet row) throws SQLException {
        return new ColumnSequence(
                QualifiedName.of(row.getString("nspname"), row.getString("relname")),
                new Identifier(row.getString("attname")),
                row.getBoolean("identity"),
                new SqlText(row.getString("type")),
                new SqlText(row.getString("settings")),
                CatalogReader.optional(row, "comment"),
                PrivilegeReader.ofRelation(session, row.getLong("sequence_oid")));
    }
}
