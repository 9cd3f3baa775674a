package dev.walshift.cli;

import dev.walshift.cli.config.ChangeValues;
import dev.walshift.cli.config.ColumnNames;
import dev.walshift.engine.plan.dependents.Consent;
import dev.walshift.postgres.Identifier;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import picocli.CommandLine.Option;

/** The options that say which table to change and how; fixed once the migration is begun. */
final class ChangeOptions {
    @Option(
            names = "--table",
            paramLabel = "<table>",
            description = "table to change, as in SQL: orders, public.orders, public.\"Order Items\"")
    private Optional<String> table = Optional.empty();

    @Option(
            names = "--alter",
            paramLabel = "<clause>",
            description = "what would follow ALTER TABLE <table>, or the whole statement; may be repeated")
    private List<String> alter = List.of();

    @Option(
            names = "--using",
            paramLabel = "<column>=<expression>",
            description =
                    "how to convert a column whose type changes, instead of a USING in the clause; may be repeated")
    private List<String> using = List.of();

    @Option(
            names = "--column-order",
            paramLabel = "<a,b,c>",
            description = "order of the new table's columns, by their new names")
    private Optional<String> columnOrder = Optional.empty();

    @Option(names = "--tablespace", paramLabel = "<name>", description = "tablespace of the new table")
    private Optional<String> tablespace = Optional.empty();

    @Option(
            names = "--rebuild",
            description = "write the table anew even where the change needs no more than the catalog, or where there is"
                    + " none: rids it of bloat")
    private boolean rebuild;

    @Option(
            names = "--target-ddl",
            paramLabel = "<file>",
            description = "file with the new table's own DDL, instead of --alter: CREATE TABLE by the same name, its"
                    + " partitions, indexes and constraints; makes a plain table a partitioned one. --using is by"
                    + " its columns then")
    private Optional<Path> targetDdl = Optional.empty();

    @Option(
            names = "--accept-publications",
            description = "swap the table in the publications that have it; see docs/compatibility.md for what their "
                    + "subscribers see")
    private boolean acceptPublications;

    @Option(
            names = "--rebuild-materialized-views",
            description = "make materialized views on the table, and fill them, anew in the swap")
    private boolean rebuildMaterializedViews;

    /** @param problems receives what is wrong, one line each */
    ChangeValues values(Consumer<String> problems) {
        if (alter.stream().anyMatch(String::isBlank)) {
            problems.accept("--alter must not be blank");
        }
        return new ChangeValues(
                table,
                alter.isEmpty() ? Optional.empty() : Optional.of(alter),
                using.isEmpty() ? Optional.empty() : Optional.of(assignments(problems)),
                columnOrder.flatMap(text -> parsed("--column-order", text, ColumnNames::parseList, problems)),
                tablespace.map(Identifier::new),
                rebuild ? Optional.of(true) : Optional.empty(),
                targetDdl,
                consents());
    }

    private Map<Identifier, String> assignments(Consumer<String> problems) {
        Map<Identifier, String> assignments = new LinkedHashMap<>();
        for (String text : using) {
            parsed("--using", text, ColumnNames::parseAssignment, problems)
                    .ifPresent(entry -> assignments.put(entry.getKey(), entry.getValue()));
        }
        return assignments;
    }

    private Set<Consent> consents() {
        Set<Consent> consents = EnumSet.noneOf(Consent.class);
        if (acceptPublications) {
            consents.add(Consent.PUBLICATIONS);
        }
        if (rebuildMaterializedViews) {
            consents.add(Consent.MATERIALIZED_VIEWS);
        }
        return consents;
    }

    /** What is meant by what is given for an option; empty, and a problem, if it means nothing. */
    static <G, T> Optional<T> parsed(String option, G given, Function<G, T> parser, Consumer<String> problems) {
        try {
            return Optional.of(parser.apply(given));
        } catch (IllegalArgumentException e) {
            problems.accept("%s: %s".formatted(option, e.getMessage()));
            return Optional.empty();
        }
    }
}
