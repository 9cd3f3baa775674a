package dev.walshift.engine.plan;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A column as the catalogs have it.
 *
 * @param number pg_attribute.attnum: stays the same when the column is renamed
 * @param type with typmod, schema-qualified where need be
 * @param collation the one in force, if the type has any
 * @param ownCollation whether it is not the type's own
 * @param base the type below all domains
 * @param notNull whether it has a NOT NULL, named (18) or not
 * @param expression its default, or what it is generated from
 * @param hasValue whether a row that does not name the column still gets a value: default, identity, domain's default
 * @param comment its comment
 * @param privileges granted on the column alone
 */
record Column(
        int number,
        Identifier name,
        SqlText type,
        Optional<QualifiedName> collation,
        boolean ownCollation,
        Base base,
        boolean notNull,
        Optional<SqlText> expression,
        boolean hasValue,
        Generated generated,
        Identity identity,
        Tuning tuning,
        Optional<String> comment,
        List<Privilege> privileges) {
    Column {
        privileges = List.copyOf(privileges);
    }

    /**
     * A type without its domains.
     *
     * @param oid pg_type.oid
     * @param typmod the innermost one given, -1 if none
     * @param isEnum whether it is an enum
     * @param deterministic whether equal means equal bytes, as far as the collation goes
     */
    record Base(long oid, int typmod, boolean isEnum, boolean deterministic) {}

    /** How it is generated (pg_attribute.attgenerated). */
    enum Generated {
        NO,
        STORED,
        VIRTUAL;

        static Generated of(String code) {
            return switch (code) {
                case "s" -> STORED;
                case "v" -> VIRTUAL;
                default -> NO;
            };
        }
    }

    /** Whether it is an identity column (pg_attribute.attidentity). */
    enum Identity {
        NO(""),
        ALWAYS("ALWAYS"),
        BY_DEFAULT("BY DEFAULT");

        private final String sql;

        Identity(String sql) {
            this.sql = sql;
        }

        SqlText sql() {
            return new SqlText(sql);
        }

        static Identity of(String code) {
            return switch (code) {
                case "a" -> ALWAYS;
                case "d" -> BY_DEFAULT;
                default -> NO;
            };
        }
    }

    /**
     * What ALTER COLUMN ... SET can change.
     *
     * @param storage if not the type's own
     * @param compression if one was chosen
     * @param statisticsTarget if one was chosen
     * @param options {@code name=value}
     */
    record Tuning(
            Optional<SqlText> storage,
            Optional<SqlText> compression,
            Optional<Integer> statisticsTarget,
            List<String> options) {
        Tuning {
            options = List.copyOf(options);
        }
    }

    /** The same with another number. */
    Column numbered(int other) {
        return new Column(
                other,
                name,
                type,
                collation,
                ownCollation,
                base,
                notNull,
                expression,
                hasValue,
                generated,
                identity,
                tuning,
                comment,
                privileges);
    }

    /** The same with another comment and other rights on it. */
    Column with(Optional<String> otherComment, List<Privilege> otherPrivileges) {
        return new Column(
                number,
                name,
                type,
                collation,
                ownCollation,
                base,
                notNull,
                expression,
                hasValue,
                generated,
                identity,
                tuning,
                otherComment,
                otherPrivileges);
    }

    boolean isGenerated() {
        return generated != Generated.NO;
    }

    /** The type with its collation, as it may stand in a column definition. */
    SqlText typeWithCollation() {
        return collation.map(chosen -> withCollation(chosen)).orElse(type);
    }

    private SqlText withCollation(QualifiedName chosen) {
        return new SqlText(SqlTemplate.of("{type} COLLATE {collation}")
                .with("type", type)
                .with("collation", chosen)
                .sql());
    }

    /** Whether a value, and a comparison of values, means the same in both. */
    boolean sameType(Column other) {
        return type.equals(other.type) && collation.equals(other.collation);
    }

    /**
     * As CREATE TABLE has it; without NOT NULL where that is a constraint of its own (18).
     *
     * @param sequence makes it an identity column
     */
    SqlPart definition(Optional<ColumnSequence> sequence, boolean notNullHere) {
        List<SqlPart> parts = new ArrayList<>(List.of(name, ownCollation ? typeWithCollation() : type));
        sequence.ifPresent(options -> parts.add(SqlTemplate.of("GENERATED {when} AS IDENTITY ({options})")
                .with("when", identity.sql())
                .with("options", options.options())));
        expression.ifPresent(value -> parts.add(valueClause().with("value", value)));
        if (notNull && notNullHere) {
            parts.add(new SqlText("NOT NULL"));
        }
        return SqlText.join(" ", parts);
    }

    private SqlTemplate valueClause() {
        return SqlTemplate.of(
                switch (generated) {
                    case NO -> "DEFAULT ({value})";
                    case STORED -> "GENERATED ALWAYS AS ({value}) STORED";
                    case VIRTUAL -> "GENERATED ALWAYS AS ({value}) VIRTUAL";
                });
    }

    /** The actions of ALTER TABLE that give a new column this one's tuning. */
    List<SqlPart> tune() {
        List<SqlPart> actions = new ArrayList<>();
        tuning.storage().ifPresent(storage -> actions.add(set("STORAGE {value}", storage)));
        tuning.compression().ifPresent(method -> actions.add(set("COMPRESSION {value}", method)));
        tuning.statisticsTarget()
                .ifPresent(target -> actions.add(set("STATISTICS {value}", new SqlText(target.toString()))));
        if (!tuning.options().isEmpty()) {
            actions.add(set("({value})", Options.list(tuning.options())));
        }
        return actions;
    }

    private SqlTemplate set(String what, SqlText value) {
        return SqlTemplate.of("ALTER COLUMN {column} SET " + what)
                .with("column", name)
                .with("value", value);
    }
}
