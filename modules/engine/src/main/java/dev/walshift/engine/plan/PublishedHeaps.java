package dev.walshift.engine.plan;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.table.SourceHeap;
import dev.walshift.engine.table.SourceTree;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;

/**
 * Partitions that would be published by another replica identity for the time of the migration: subscribers would
 * look for rows by columns that they do not know as the key, and a column list or row filter that does not have them
 * would make the application's writes fail.
 */
final class PublishedHeaps {
    /** Without an identity of today's there is no write that is published, and none to lose. */
    private static final SqlTemplate PUBLICATIONS = SqlTemplate.of("""
        SELECT DISTINCT p.pubname
          FROM pg_class c
         CROSS JOIN pg_partition_ancestors(c.oid) AS ancestors(relid)
          JOIN pg_class a ON a.oid = ancestors.relid
          JOIN pg_namespace n ON n.oid = a.relnamespace
          JOIN pg_publication_tables v ON v.schemaname = n.nspname AND v.tablename = a.relname
          JOIN pg_publication p ON p.pubname = v.pubname AND (p.pubupdate OR p.pubdelete)
         WHERE c.oid = ?::oid
           AND EXISTS (SELECT FROM pg_index i
                        WHERE i.indrelid = c.oid
                          AND (c.relreplident = 'd' AND i.indisprimary OR c.relreplident = 'i' AND i.indisreplident))
           AND NOT COALESCE(p.pubname ~ '^walshift_[0-9]+$' AND starts_with(obj_description(p.oid, 'pg_publication'), ?), false)
         ORDER BY 1
        """);

    private final Session session;
    private final Findings findings;

    PublishedHeaps(Session session, Findings findings) {
        this.session = session;
        this.findings = findings;
    }

    void check(SourceTree source) throws SQLException {
        for (SourceHeap heap : source.heaps()) {
            if (heap.replicaIdentityIndex().isPresent()) {
                check(heap, heap.replicaIdentityIndex().get());
            }
        }
    }

    private void check(SourceHeap heap, Identifier index) throws SQLException {
        for (Identifier publication : session.query(
                PUBLICATIONS,
                row -> new Identifier(row.getString(1)),
                heap.table().oid(),
                Journal.MARK_BEGINS)) {
            findings.shadowProblem(
                    ProblemCode.REPLICA_IDENTITY,
                    "publication %s publishes updates or deletes of partition %s, which would need another replica identity for the time of the migration"
                            .formatted(publication, heap.table().name()),
                    "ALTER TABLE %s REPLICA IDENTITY USING INDEX %s, or FULL, if its subscribers can do with that"
                            .formatted(heap.table().name().sql(), index.sql()));
        }
    }
}
