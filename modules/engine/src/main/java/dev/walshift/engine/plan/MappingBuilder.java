package dev.walshift.engine.plan;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.AlterAction.Using;
import dev.walshift.engine.table.MappedColumn;
import dev.walshift.engine.table.RowMapping;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Finds out how a row of the shadow is made from a row of the source. */
final class MappingBuilder {
    /** timestamptz and its array (pg_type.dat). */
    private static final Set<Long> WITH_ZONE = Set.of(1184L, 1185L);

    /** Types whose text form depends on DateStyle, IntervalStyle or lc_monetary: money, date, timestamp, interval. */
    private static final Set<Long> STYLED = Set.of(790L, 1082L, 1114L, 1186L);

    /** text, char(n), varchar. */
    private static final Set<Long> TEXT = Set.of(25L, 1042L, 1043L);

    private static final long TIME = 1083;
    private static final long TIMETZ = 1266;
    private static final SqlTemplate CAST = SqlTemplate.of("CAST({value} AS {type})");

    private final AlteredClone clone;
    private final ExpressionProbe expressions;
    private final Findings findings;

    /** @param expressions over the source's columns */
    MappingBuilder(AlteredClone clone, ExpressionProbe expressions, Findings findings) {
        this.clone = clone;
        this.expressions = expressions;
        this.findings = findings;
    }

    RowMapping build() throws SQLException {
        List<MappedColumn> mapping = new ArrayList<>();
        for (Column target : clone.after().columns()) {
            Optional<Column> source = clone.sourceOf(target);
            Using written = clone.written().get(target.number());
            if (written != null) {
                mapping.add(convert(source.orElse(target).name(), target, written));
            } else if (source.isPresent() && !target.isGenerated()) {
                mapping.add(take(source.orElseThrow(), target));
            }
        }
        return new RowMapping(mapping);
    }

    private MappedColumn take(Column source, Column target) throws SQLException {
        return new MappedColumn(
                target.name(), target.type(), new SqlText(source.name().sql()), isRepeatable(source, target));
    }

    /** @param column as the operator calls it */
    private MappedColumn convert(Identifier column, Column target, Using written) {
        if (written.literal()) {
            // Its type is still open: the server would take it for text, which need not convert by assignment.
            SqlText type = new SqlText(target.type().sql());
            String literal = CAST.with("value", new SqlText(written.sql()))
                    .with("type", type)
                    .sql();
            return new MappedColumn(target.name(), target.type(), new SqlText(literal), true);
        }
        Expression using = clone.using().get(target.number());
        if (using == null) {
            findings.shadowProblem(
                    ProblemCode.UNSUPPORTED_CHANGE,
                    "the USING expression of column %s can't be read back from the server: %s"
                            .formatted(column, written.sql()),
                    "Put it into a function and call that");
            return new MappedColumn(target.name(), target.type(), new SqlText(written.sql()), false);
        }
        if (using.unsettled()) {
            findings.notice(
                    "the USING expression of column %s depends on settings; it is evaluated with TimeZone = UTC, DateStyle = ISO"
                            .formatted(column));
        }
        return new MappedColumn(target.name(), target.type(), using.sql(), using.repeatable());
    }

    private boolean isRepeatable(Column source, Column target) throws SQLException {
        if (source.sameType(target)) {
            return true;
        }
        if (dependsOnTimeZone(source.base().oid(), target.base().oid())) {
            findings.problem(
                    ProblemCode.UNSUPPORTED_CHANGE,
                    "column %s: converting %s to %s depends on the session's TimeZone"
                            .formatted(source.name(), source.type(), target.type()),
                    "Say which time zone is meant: ALTER COLUMN %s TYPE %s USING %s AT TIME ZONE '...'"
                            .formatted(
                                    source.name().sql(),
                                    target.type(),
                                    source.name().sql()));
            return false;
        }
        Expression cast = expressions.read(CAST.with("value", source.name()).with("type", target.type()));
        boolean printed = STYLED.contains(source.base().oid())
                && TEXT.contains(target.base().oid());
        if (cast.unsettled() || printed) {
            findings.notice(
                    "column %s: converting %s to %s depends on settings; it is done with DateStyle = ISO, lc_monetary = C"
                            .formatted(source.name(), source.type(), target.type()));
        }
        return cast.repeatable();
    }

    private static boolean dependsOnTimeZone(long from, long to) {
        return from != to && (WITH_ZONE.contains(from) || WITH_ZONE.contains(to) || (from == TIME && to == TIMETZ));
    }
}
