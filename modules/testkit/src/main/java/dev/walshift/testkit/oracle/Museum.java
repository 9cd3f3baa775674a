package dev.walshift.testkit.oracle;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.testkit.TestDatabase;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** A table of orders with what can hang on a table around it, in {@link Wing}s; every name is a hostile one. */
public final class Museum {
    public static final Identifier SCHEMA = new Identifier("Mu\"séum; --");
    public static final QualifiedName TABLE = new QualifiedName(SCHEMA, new Identifier("Or\"ders; Täble"));
    /** A column that no wing uses, int: so it can be altered under all of them but those that hold every column. */
    public static final Identifier FREE = new Identifier("Frée; --");

    private static final String ROLES = """
        DO $$ BEGIN CREATE ROLE "museum guide"; CREATE ROLE "museum guard"; CREATE ROLE "museum owner"; EXCEPTION
            WHEN duplicate_object THEN NULL; END $$
        """;

    private static final String CREATE = """
        CREATE SCHEMA {s};
        GRANT USAGE, CREATE ON SCHEMA {s} TO "museum owner", "museum guide", "museum guard";
        CREATE TYPE {s}."Stätus" AS ENUM ('new', 'paid; ', 'gone');
        CREATE DOMAIN {s}."Amöunt" AS numeric(12,2) DEFAULT 7 CONSTRAINT "not less" CHECK (value >= 0);
        CREATE TABLE {t} (
            "first gone" int,
            id int CONSTRAINT "orders pk" PRIMARY KEY,
            "Cústo mer" int NOT NULL DEFAULT 1,
            code varchar(20) COLLATE "C" NOT NULL,
            region int DEFAULT 1,
            quantity smallint NOT NULL DEFAULT 1,
            price numeric(10,2) DEFAULT 0,
            {free} int,
            spare int,
            placed timestamp NOT NULL DEFAULT '2026-01-01',
            stay int4range,
            span int4range,
            parent int,
            status {s}."Stätus" DEFAULT 'new',
            amount {s}."Amöunt",
            "no""te" text DEFAULT 'none',
            doc jsonb,
            tags text[] DEFAULT '{}');
        ALTER TABLE {t} DROP COLUMN "first gone";
        INSERT INTO {t} (id, "Cústo mer", code, region, quantity, price, {free}, spare, placed, stay, span, parent, amount, "no""te", doc)
        SELECT i, i % 50 + 1, 'c' || i, (i % 50 + 1) % 3, i % 5 + 1, i / 7.0, i, -i, timestamp '2026-01-01' + i * interval '1 min',
               int4range(i * 10, i * 10 + 5), int4range(i, i + 1), CASE WHEN i % 3 = 0 THEN i - 1 END, i,
               'n' || repeat(md5(i::text), i % 4), jsonb_build_object('i', i)
          FROM generate_series(1, 200) AS i
        """;

    private static final Pattern STATEMENT_END = Pattern.compile(";\\n");

    private final Set<Wing> wings;

    public Museum(Collection<Wing> wings) {
        this.wings = wings.isEmpty() ? EnumSet.noneOf(Wing.class) : EnumSet.copyOf(wings);
    }

    /** Creates it in a database that has no museum yet. */
    public void build(TestDatabase database) throws SQLException {
        List<String> statements = new ArrayList<>(List.of(ROLES, CREATE));
        int major = database.server().version().major();
        wings.forEach(wing -> statements.addAll(wing.create(major)));
        execute(database, statements);
    }

    /**
     * Alters the table as a DBA does who may lock everybody out: where the server refuses to alter a column under a
     * wing, that wing's objects are dropped and created again.
     */
    public void alter(TestDatabase database, MuseumChange change) throws SQLException {
        List<Wing> inTheWay = wings.stream()
                .filter(wing -> change.held().stream().anyMatch(wing::holds))
                .toList();
        int major = database.server().version().major();
        List<String> statements = new ArrayList<>();
        inTheWay.forEach(wing -> statements.add(wing.drop()));
        change.clauses().stream().limit(1).forEach(clause -> statements.add("ALTER TABLE {t} " + clause));
        inTheWay.forEach(wing -> statements.addAll(wing.create(major)));
        change.clauses().stream().skip(1).forEach(clause -> statements.add("ALTER TABLE {t} " + clause));
        execute(database, statements);
    }

    /**
     * The driver does not tell where the body of a BEGIN ATOMIC function ends, so a statement ends with its line
     * here.
     */
    private static void execute(TestDatabase database, List<String> scripts) throws SQLException {
        database.execute(scripts.stream()
                .flatMap(script -> STATEMENT_END.splitAsStream(fill(script)))
                .toArray(String[]::new));
    }

    /**
     * A text with the names of schema, table and free column in the places {@code {s}}, {@code {t}} and {@code
     * {free}}.
     */
    public static String fill(String text) {
        return text.replace("{s}", SCHEMA.sql()).replace("{t}", TABLE.sql()).replace("{free}", FREE.sql());
    }

    @Override
    public String toString() {
        return wings.toString();
    }
}
