package dev.walshift.cli.config;

import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.plan.dependents.Consent;
import dev.walshift.postgres.Identifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What the command line, or the configuration file, says about which table to change and how; what it leaves open is empty.
 *
 * @param table as written
 * @param alter clauses or whole statements
 * @param using expressions by column
 * @param columnOrder of the new table
 * @param tablespace where the new table goes
 * @param rebuild whether the table is written anew even if nothing asks for it
 * @param targetDdl file with the new table's own DDL; a migration that goes on does not need it
 * @param consents what the operator agrees to
 */
public record ChangeValues(
        Optional<String> table,
        Optional<List<String>> alter,
        Optional<Map<Identifier, String>> using,
        Optional<List<Identifier>> columnOrder,
        Optional<Identifier> tablespace,
        Optional<Boolean> rebuild,
        Optional<Path> targetDdl,
        Set<Consent> consents) {
    public static final ChangeValues NONE = new ChangeValues(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Set.of());

    private static final Pattern WHOLE_STATEMENT = Pattern.compile("\\bALTER\\s+TABLE\\b", Pattern.CASE_INSENSITIVE);

    /** These values, and those of {@code others} where these are empty; consents of both. */
    ChangeValues over(ChangeValues others) {
        Set<Consent> all = new HashSet<>(consents);
        all.addAll(others.consents);
        return new ChangeValues(
                table.or(others::table),
                alter.or(others::alter),
                using.or(others::using),
                columnOrder.or(others::columnOrder),
                tablespace.or(others::tablespace),
                rebuild.or(others::rebuild),
                targetDdl.or(others::targetDdl),
                all);
    }

    /** What is wrong with them as a whole, one line each. */
    List<String> problems() {
        List<String> problems = new ArrayList<>();
        boolean alters =
                alter.isPresent() || columnOrder.isPresent() || tablespace.isPresent() || rebuild.orElse(false);
        if (!alters && targetDdl.isEmpty()) {
            problems.add(
                    "nothing to change: give --alter, --column-order, --tablespace, --rebuild or --target-ddl, here or"
                            + " in the configuration file");
        }
        if (targetDdl.isPresent() && alters) {
            problems.add(
                    "--target-ddl gives the whole new table: give either it, or --alter, --column-order, --tablespace"
                            + " and --rebuild");
        }
        targetDdl.flatMap(TextFile::problem).ifPresent(problem -> problems.add("target-ddl: " + problem));
        if (table.isEmpty()
                && alter.orElse(List.of()).stream()
                        .noneMatch(text -> WHOLE_STATEMENT.matcher(text).find())) {
            problems.add("no table: give --table, or a whole ALTER TABLE statement in --alter");
        }
        return problems;
    }

    /** What is asked for, once there are no {@link #problems()}. */
    AlterRequest toRequest() {
        List<String> clauses = new ArrayList<>(alter.orElse(List.of()));
        tablespace.map(name -> "SET TABLESPACE " + name.sql()).ifPresent(clauses::add);
        return new AlterRequest(
                table,
                clauses,
                using.orElse(Map.of()),
                columnOrder.orElse(List.of()),
                rebuild.orElse(false),
                targetDdl.map(TextFile::text),
                consents);
    }
}
