package dev.walshift.engine.plan;

import static java.util.stream.Collectors.joining;

import dev.walshift.engine.plan.dependents.ForeignKey;
import dev.walshift.engine.plan.dependents.ForeignKeys;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlText;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/** Says in lines for people what an ALTER changes. */
final class ChangeReport {
    private final AlteredClone clone;
    private final List<String> lines = new ArrayList<>();

    ChangeReport(AlteredClone clone) {
        this.clone = clone;
    }

    List<String> lines() {
        for (Column source : clone.source().columns()) {
            if (clone.targetOf(source.name()).isEmpty()) {
                add(source.name(), "dropped");
            }
        }
        for (Column target : clone.after().columns()) {
            Optional<Column> source = clone.sourceOf(target);
            if (source.isEmpty()) {
                add(target.name(), "added, " + describe(target));
            } else {
                compare(source.orElseThrow(), target);
            }
        }
        clone.tree()
                .key()
                .filter(key -> !clone.sourceTree().isPartitioned())
                .ifPresent(key -> lines.add("partitioned by %s, %d tables that hold rows"
                        .formatted(key, clone.tree().leaves().size())));
        TableModel before = clone.before();
        TableModel after = clone.after();
        compareNamed("constraint", checks(before), checks(after), Constraint::name, Constraint::definition);
        compareNamed("index", before.indexes(), after.indexes(), Index::name, Index::definition);
        compareForeignKeys();
        compareOptions(before.relation().options(), after.relation().options());
        if (StrategyChooser.isRewrite(clone)) {
            lines.add("every row is rewritten");
        }
        return lines;
    }

    /** NOT NULL is told with its column. */
    private static List<Constraint> checks(TableModel table) {
        return table.constraints().stream()
                .filter(constraint -> constraint.kind() == Constraint.Kind.CHECK)
                .toList();
    }

    private void add(Identifier name, String change) {
        lines.add("%s: %s".formatted(name, change));
    }

    private static String describe(Column column) {
        String value = column.expression()
                .map(expression -> column.isGenerated()
                        ? "GENERATED ALWAYS AS (%s) %s".formatted(expression, column.generated())
                        : "DEFAULT " + expression)
                .orElse("");
        String identity = column.identity() == Column.Identity.NO
                ? ""
                : "GENERATED %s AS IDENTITY".formatted(column.identity().sql());
        return Stream.of(column.type().sql(), column.notNull() ? "NOT NULL" : "", identity, value)
                .filter(part -> !part.isEmpty())
                .collect(joining(" "));
    }

    private void compare(Column source, Column target) {
        if (!source.name().equals(target.name())) {
            add(source.name(), "renamed to " + target.name());
        }
        if (!source.type().equals(target.type())) {
            boolean rewrite = StrategyChooser.isRewrite(clone);
            add(target.name(), "%s -> %s%s".formatted(source.type(), target.type(), rewrite ? " (rewrite)" : ""));
        }
        if (!source.collation().equals(target.collation())) {
            add(target.name(), "collation %s -> %s".formatted(orNone(source.collation()), orNone(target.collation())));
        }
        if (source.notNull() != target.notNull()) {
            add(target.name(), target.notNull() ? "NOT NULL" : "may be null");
        }
        if (source.generated() != target.generated() || source.identity() != target.identity()) {
            add(target.name(), "becomes " + describe(target));
        } else if (!source.expression().equals(target.expression())) {
            String what = target.isGenerated() ? "expression" : "default";
            add(target.name(), "%s %s -> %s".formatted(what, orNone(source.expression()), orNone(target.expression())));
        }
        if (!Objects.equals(source.tuning(), target.tuning())) {
            add(target.name(), "storage, compression, statistics target or options changed");
        }
    }

    private static String orNone(Optional<?> value) {
        return value.map(Object::toString).orElse("none");
    }

    private <T> void compareNamed(
            String kind, List<T> before, List<T> after, Function<T, Identifier> name, Function<T, SqlText> definition) {
        for (T old : before) {
            if (after.stream().noneMatch(now -> name.apply(now).equals(name.apply(old)))) {
                lines.add("%s %s: dropped".formatted(kind, name.apply(old)));
            }
        }
        for (T now : after) {
            Optional<T> old = before.stream()
                    .filter(candidate -> name.apply(candidate).equals(name.apply(now)))
                    .findFirst();
            String text = definition.apply(now).sql();
            if (old.isEmpty()) {
                lines.add("%s %s: added, %s".formatted(kind, name.apply(now), text));
            } else if (!definition.apply(old.orElseThrow()).sql().equals(text)) {
                lines.add(
                        "%s %s: %s -> %s".formatted(kind, name.apply(now), definition.apply(old.orElseThrow()), text));
            }
        }
    }

    private void compareForeignKeys() {
        ForeignKeys all = clone.foreignKeys();
        Stream.concat(all.before().stream(), all.after().stream())
                .map(foreignKey -> foreignKey.referencing().table())
                .distinct()
                .forEach(table -> compareNamed(
                        "foreign key of %s".formatted(table),
                        of(table, all.before()),
                        of(table, all.after()),
                        ForeignKey::name,
                        ForeignKey::definition));
    }

    private static List<ForeignKey> of(QualifiedName referencing, List<ForeignKey> foreignKeys) {
        return foreignKeys.stream()
                .filter(foreignKey -> foreignKey.referencing().table().equals(referencing))
                .toList();
    }

    private void compareOptions(List<String> before, List<String> after) {
        if (!before.equals(after)) {
            lines.add("storage parameters: %s -> %s".formatted(before, after));
        }
    }
}
