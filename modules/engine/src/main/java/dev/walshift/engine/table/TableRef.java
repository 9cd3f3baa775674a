package dev.walshift.engine.table;

import dev.walshift.postgres.QualifiedName;

/**
 * A table as it was when it was looked at.
 *
 * @param oid pg_class.oid: what the change stream calls the table
 * @param filenode 0 for a partitioned table; else pg_relation_filenode: another number means that the table was rewritten (TRUNCATE, VACUUM FULL, CLUSTER, ALTER
 *     TABLE) and its pages are no longer those that we counted
 */
public record TableRef(long oid, QualifiedName name, long filenode) {}
