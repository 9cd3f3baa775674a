package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.table.Dependents;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Publications of the operator's. One that names the table changes it for the new one in the swap's
 * transaction, so that a subscriber, which knows tables by name, goes on; a schema's or all tables' has the
 * new one by itself.
 */
final class PublicationCarrier implements Carrier {
    private static final SqlTemplate LEAVE = SqlTemplate.of("ALTER PUBLICATION {publication} DROP TABLE ONLY {table}");
    private static final SqlTemplate ENTER = SqlTemplate.of("ALTER PUBLICATION {publication} ADD TABLE {member}");

    /** Of the columns of a row filter. */
    private static final SqlTemplate OTHER_TYPES = SqlTemplate.of("""
        SELECT EXISTS (SELECT FROM unnest(?::text[], ?::text[]) AS c(old, new)
                         JOIN pg_attribute s ON s.attrelid = ?::oid AND s.attname = c.old
                         JOIN pg_attribute n ON n.attrelid = {probe}::regclass AND n.attname = c.new
                        WHERE (s.atttypid, s.atttypmod, s.attcollation) <> (n.atttypid, n.atttypmod, n.attcollation))
        """);

    @Override
    public Carried carry(Session session, Subject subject, List<Dependent> found) throws SQLException {
        RenamedTwin twin = RenamedTwin.make(session, subject);
        Partitioning partitioning = Partitioning.of(session, subject);
        Carried carried = Carried.NOTHING;
        for (Dependent dependent : found) {
            if (dependent.kind() == Dependent.Kind.PUBLICATION
                    && subject.consents().contains(Consent.PUBLICATIONS)) {
                carried = carried.and(carry(session, subject, twin, partitioning, dependent));
            }
        }
        return carried;
    }

    private static Carried carry(
            Session session, Subject subject, RenamedTwin twin, Partitioning partitioning, Dependent dependent)
            throws SQLException {
        Membership present = Membership.of(session, subject, dependent);
        List<Problem> problems = new ArrayList<>(privileges(subject, present));
        problems.addAll(columns(subject, present));
        Membership membership = present;
        try {
            membership = present.renamed(session, twin);
        } catch (UnwritableException e) {
            problems.add(new Problem(
                    ProblemCode.UNSUPPORTED_DEPENDENT,
                    "row filter of publication %s: %s".formatted(present.publication(), e.reason()),
                    e.remedy()));
        }
        if (problems.isEmpty() && subject.probe().isPresent()) {
            new PublicationTrial(session, subject, membership, partitioning)
                    .problem(subject.probe().orElseThrow())
                    .ifPresent(problems::add);
        }
        if (!problems.isEmpty() || subject.probe().isEmpty()) {
            return new Carried(Set.of(dependent), Dependents.NONE, problems, List.of());
        }
        return new Carried(
                Set.of(dependent),
                change(subject, membership),
                List.of(),
                notices(session, subject, membership, partitioning.begins()));
    }

    private static Dependents change(Subject subject, Membership membership) {
        if (membership.scope() != Membership.Scope.TABLE) {
            return Dependents.NONE;
        }
        QualifiedName table = subject.name();
        SqlTemplate leave = LEAVE.with("publication", membership.publication()).with("table", table);
        SqlTemplate enter =
                ENTER.with("publication", membership.publication()).with("member", membership.member(table, subject));
        return new Dependents(
                List.of(), List.of(new SqlText(leave.sql())), List.of(new SqlText(enter.sql())), List.of());
    }

    private static List<Problem> privileges(Subject subject, Membership membership) {
        if (membership.scope() != Membership.Scope.TABLE || membership.changeable()) {
            return List.of();
        }
        return List.of(new Problem(
                ProblemCode.MISSING_PRIVILEGE,
                "publication %s belongs to %s, and only its owner can put the new table %s in it"
                        .formatted(membership.publication(), membership.owner(), subject.name()),
                "Run as that role or a member of it, or: ALTER PUBLICATION %s OWNER TO the role that runs walshift"
                        .formatted(membership.publication().sql())));
    }

    /** What the server would refuse, too, on the table itself. */
    private static List<Problem> columns(Subject subject, Membership membership) {
        List<Problem> problems = new ArrayList<>();
        Set<Identifier> used = new HashSet<>(membership.columns());
        used.addAll(membership.filterColumns());
        for (Identifier column : used) {
            if (subject.dropped().contains(column)) {
                problems.add(new Problem(
                        ProblemCode.UNSUPPORTED_DEPENDENT,
                        "publication %s uses column %s of table %s, which is dropped, in its column list or row filter"
                                .formatted(membership.publication(), column, subject.name()),
                        "Take the table out of the publication and add it without that column first"));
            }
        }
        return problems;
    }

    private static List<String> notices(
            Session session, Subject subject, Membership membership, boolean partitioningBegins) throws SQLException {
        List<String> notices = new ArrayList<>();
        boolean sameName = !partitioningBegins || membership.viaRoot();
        if (sameName || membership.scope() == Membership.Scope.ALL_TABLES) {
            notices.add(notice(membership));
        }
        if (partitioningBegins) {
            notices.add(ofPartitions(subject, membership));
        }
        SqlText probe = SqlText.literal(subject.probe().orElseThrow().sql());
        String[] old = membership.filterColumns().stream().map(Identifier::name).toArray(String[]::new);
        String[] renamed = membership.filterColumns().stream()
                .map(column -> subject.columns().getOrDefault(column, column).name())
                .toArray(String[]::new);
        boolean anew = session.queryOne(
                OTHER_TYPES.with("probe", probe), row -> row.getBoolean(1), old, renamed, subject.oid());
        if (anew) {
            notices.add("publication %s: its row filter will be read anew for the new types: %s"
                    .formatted(membership.publication(), membership.filter().orElseThrow()));
        }
        return notices;
    }

    private static String notice(Membership membership) {
        return switch (membership.scope()) {
            case TABLE, SCHEMA ->
                "publication %s: its subscribers go on with the new table, without REFRESH PUBLICATION; before the swap their own table must be able to take the new columns and types"
                        .formatted(membership.publication());
            case ALL_TABLES ->
                "publication %s covers ALL TABLES, and so walshift's own: the new table while it is filled, the log of keys and the journal. A PostgreSQL subscriber STOPS at the first row of a table that it does not have (logical replication target relation does not exist), and its slot keeps all WAL from then on; consumers that choose their tables pass over them. Give PostgreSQL subscribers a publication FOR TABLE or FOR TABLES IN SCHEMA first"
                        .formatted(membership.publication());
        };
    }

    private static String ofPartitions(Subject subject, Membership membership) {
        return membership.viaRoot()
                ? "publication %s: it publishes the changes of all partitions as those of table %s (publish_via_partition_root)"
                        .formatted(membership.publication(), subject.name())
                : "publication %1$s: it publishes the changes of each partition under the partition's name from the swap on (publish_via_partition_root is off). A PostgreSQL subscriber without a table of that name STOPS, and one that has it passes over the changes until REFRESH PUBLICATION. For the name of the table as now, before the migration: ALTER PUBLICATION %2$s SET (publish_via_partition_root = true); for plain tables it means nothing"
                        .formatted(
                                membership.publication(),
                                membership.publication().sql());
    }
}
