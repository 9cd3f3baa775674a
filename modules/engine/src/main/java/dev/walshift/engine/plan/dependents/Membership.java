package dev.walshift.engine.plan.dependents;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How a publication has a table.
 *
 * @param owner of the publication
 * @param changeable whether this session may alter the publication
 * @param updates whether it publishes them
 * @param deletes whether it publishes them
 * @param viaRoot whether it publishes changes of partitions as those of the partitioned table
 * @param columns of the column list (15 and later), empty if there is none; by the source's names
 * @param filter of rows (15 and later), as the server deparses it
 * @param filterColumns those that the filter uses; by the source's names
 */
record Membership(
        Identifier publication,
        Scope scope,
        Identifier owner,
        boolean changeable,
        boolean updates,
        boolean deletes,
        boolean viaRoot,
        List<Identifier> columns,
        Optional<SqlText> filter,
        List<Identifier> filterColumns) {
    /** How the publication was told of the table. */
    enum Scope {
        TABLE,
        SCHEMA,
        ALL_TABLES
    }

    private static final int DETAILS_SINCE = 15;
    private static final SqlText FILTER = new SqlText("pg_get_expr(r.prqual, r.prrelid)");
    private static final SqlText NO_FILTER = new SqlText("NULL::text");

    /** By way of jsonb, as 14 has neither prattrs nor prqual. In the stored tree a column is a :varattno. */
    private static final SqlTemplate READ = SqlTemplate.of("""
        SELECT p.pubname, p.puballtables, r.oid IS NOT NULL AS listed, pg_get_userbyid(p.pubowner) AS owner,
               pg_has_role(p.pubowner, 'USAGE') AS changeable, p.pubupdate, p.pubdelete, p.pubviaroot,
               {filter} AS filter,
               ARRAY(SELECT a.attname::text
                       FROM pg_attribute a
                      WHERE a.attrelid = r.prrelid AND to_jsonb(r) -> 'prattrs' @> to_jsonb(a.attnum)
                      ORDER BY a.attnum) AS columns,
               ARRAY(SELECT DISTINCT a.attname::text
                       FROM regexp_matches(to_jsonb(r) ->> 'prqual', ':varattno (\\d+)', 'g') AS v
                       JOIN pg_attribute a ON a.attrelid = r.prrelid AND a.attnum = (v)[1]::int AND a.attnum > 0) AS filtered
          FROM pg_publication p
          LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = ?::oid
         WHERE (?::oid, ?::oid) IN (('pg_publication'::regclass::oid, p.oid), ('pg_publication_rel'::regclass::oid, r.oid))
        """);

    private static final SqlTemplate CHECK =
            SqlTemplate.of("ALTER TABLE {table} ADD CONSTRAINT walshift_filter CHECK ({filter})");
    private static final SqlTemplate CHECKED = SqlTemplate.of("SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint"
            + " WHERE conrelid = {table}::regclass AND conname = 'walshift_filter'");
    private static final SqlTemplate MEMBER = SqlTemplate.of("ONLY {table}{columns}{filter}");
    private static final SqlTemplate COLUMNS = SqlTemplate.of(" ({columns})");
    private static final SqlTemplate WHERE = SqlTemplate.of(" WHERE ({filter})");
    private static final SqlText NOTHING = new SqlText("");

    Membership {
        columns = List.copyOf(columns);
        filterColumns = List.copyOf(filterColumns);
    }

    /**
     * Reads one.
     *
     * @param dependent of kind PUBLICATION
     */
    static Membership of(Session session, Subject subject, Dependent dependent) throws SQLException {
        boolean detailed = session.serverMajor() >= DETAILS_SINCE;
        return session.queryOne(
                READ.with("filter", detailed ? FILTER : NO_FILTER),
                Membership::read,
                subject.oid(),
                dependent.catalog(),
                dependent.oid());
    }

    private static Membership read(ResultSet row) throws SQLException {
        Scope scope = row.getBoolean("puballtables")
                ? Scope.ALL_TABLES
                : row.getBoolean("listed") ? Scope.TABLE : Scope.SCHEMA;
        return new Membership(
                new Identifier(row.getString("pubname")),
                scope,
                new Identifier(row.getString("owner")),
                row.getBoolean("changeable"),
                row.getBoolean("pubupdate"),
                row.getBoolean("pubdelete"),
                row.getBoolean("pubviaroot"),
                names(row, "columns"),
                Optional.ofNullable(row.getString("filter")).map(SqlText::new),
                names(row, "filtered"));
    }

    private static List<Identifier> names(ResultSet row, String column) throws SQLException {
        return Stream.of((String[]) row.getArray(column).getArray())
                .map(Identifier::new)
                .toList();
    }

    /** With the filter by the names that columns have after the change. */
    Membership renamed(Session session, RenamedTwin twin) throws SQLException, UnwritableException {
        if (filter.isEmpty() || !twin.isNeeded()) {
            return this;
        }
        SqlTemplate check = CHECK.with("table", twin.table()).with("filter", filter.get());
        SqlText renamed = twin.renamed(() -> List.of(check), () -> filter(session, twin.table()));
        return new Membership(
                publication,
                scope,
                owner,
                changeable,
                updates,
                deletes,
                viaRoot,
                columns,
                Optional.of(renamed),
                filterColumns);
    }

    private static SqlText filter(Session session, QualifiedName table) throws SQLException {
        SqlText literal = SqlText.literal(table.sql());
        return session.queryOne(CHECKED.with("table", literal), row -> new SqlText(row.getString(1)));
    }

    /** Whether it has less of the table than all columns of all rows. */
    boolean isPartial() {
        return !columns.isEmpty() || filter.isPresent();
    }

    /** The new table as a publication is told of it: {@code ONLY table (columns) WHERE (filter)}. */
    SqlPart member(QualifiedName table, Subject subject) {
        SqlPart list = columns.isEmpty()
                ? NOTHING
                : COLUMNS.with(
                        "columns",
                        SqlText.list(
                                columns.stream().map(subject.columns()::get).toList()));
        return MEMBER.with("table", table)
                .with("columns", list)
                .with(
                        "filter",
                        filter.<SqlPart>map(it -> WHERE.with("filter", it)).orElse(NOTHING));
    }
}
