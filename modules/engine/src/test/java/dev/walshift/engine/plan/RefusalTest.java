package dev.walshift.engine.plan;

import static dev.walshift.engine.plan.Bench.S;
import static dev.walshift.engine.plan.Bench.T;
import static dev.walshift.engine.plan.Bench.fill;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.plan.dependents.Consent;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.params.ParameterizedTest;

/** Whatever this release can't do is refused by name, with a remedy. */
class RefusalTest {
    private static final String WIDEN = "ALTER id TYPE bigint";
    private static final String PLAIN = "CREATE TABLE {t} (id int PRIMARY KEY, b int)";

    private static final String COUNTED =
            "CREATE TABLE {t} (b int, id int PRIMARY KEY, c int);;CREATE TABLE {s}.o (id int)";
    private static final String COUNTS =
            "it gives the table's columns other names by their places, as FROM table x(a, b)"
                    + " does, and the change puts columns in other places";

    /** What the swap would carry, had the column b not changed. */
    private static final String ATTACHED = ";;CREATE FUNCTION {s}.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN"
            + " NEW; END'"
            + ";;CREATE TRIGGER tr BEFORE INSERT ON {t} FOR EACH ROW WHEN (NEW.b > 0) EXECUTE FUNCTION {s}.f()"
            + ";;CREATE TRIGGER up BEFORE UPDATE OF b ON {t} FOR EACH ROW EXECUTE FUNCTION {s}.f()"
            + ";;CREATE TRIGGER whole BEFORE UPDATE ON {t} FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE"
            + " FUNCTION {s}.f()"
            + ";;CREATE POLICY po ON {t} USING (b > 0)"
            + ";;CREATE RULE ru AS ON DELETE TO {t} DO ALSO UPDATE {t} SET id = 1 WHERE b > 0"
            + ";;CREATE TABLE {s}.o (x int)"
            + ";;CREATE POLICY elsewhere ON {s}.o USING (EXISTS (SELECT FROM {t} WHERE b > 0))"
            + ";;CREATE RULE elsewhere AS ON INSERT TO {s}.o DO ALSO DELETE FROM {t} WHERE b > NEW.x";

    /**
     * @param from the oldest major that has such a thing
     * @param setup statements; {t} is the table, {s} its schema
     * @param expected code and message, of one problem each
     */
    private record Case(int from, List<String> setup, String clause, List<String> expected) {
        Case(String setup, String clause, String... expected) {
            this(0, List.of(setup.split(";;")), clause, List.of(expected));
        }

        Case since(int major) {
            return new Case(major, setup, clause, expected);
        }
    }

    private static final List<Case> CASES = List.of(
            // The table's kind
            new Case("CREATE VIEW {t} AS SELECT 1 AS id", WIDEN, "UNSUPPORTED_TABLE: {t} is a view"),
            new Case(
                    "CREATE MATERIALIZED VIEW {t} AS SELECT 1 AS id",
                    WIDEN,
                    "UNSUPPORTED_TABLE: {t} is a materialized view"),
            new Case("CREATE SEQUENCE {t}", WIDEN, "UNSUPPORTED_TABLE: {t} is a sequence"),
            new Case("CREATE UNLOGGED TABLE {t} (id int PRIMARY KEY)", WIDEN, "UNSUPPORTED_TABLE: {t} is unlogged"),
            new Case(
                    "CREATE TABLE {t} (id int PRIMARY KEY) PARTITION BY RANGE (id)",
                    WIDEN,
                    "UNSUPPORTED_TABLE: partitioned table {t} has no partition that holds rows"),
            new Case(
                    "CREATE TABLE {s}.p (id int PRIMARY KEY) PARTITION BY RANGE (id);;CREATE TABLE {t} PARTITION OF"
                            + " {s}.p DEFAULT",
                    WIDEN,
                    "UNSUPPORTED_CHANGE: the changed table can't be a partition of {s}.\"p\": ERROR: child table"
                            + " \"Or\"der; Täble\" has different type for column \"id\""),
            new Case(
                    PLAIN + ";;CREATE TABLE {s}.c () INHERITS ({t})",
                    WIDEN,
                    "UNSUPPORTED_TABLE: {t} is a parent or child by inheritance"),
            new Case(
                    "CREATE TABLE {s}.p (id int);;CREATE TABLE {t} (PRIMARY KEY (id)) INHERITS ({s}.p)",
                    WIDEN,
                    "UNSUPPORTED_TABLE: {t} is a parent or child by inheritance"),
            new Case(
                    "CREATE TYPE {s}.ty AS (id int);;CREATE TABLE {t} OF {s}.ty (PRIMARY KEY (id))",
                    WIDEN,
                    "UNSUPPORTED_TABLE: {t} is a typed table (OF type)"),
            // What hangs on it
            // Triggers, policies and rules that the change does not suit
            new Case(
                    PLAIN + ATTACHED,
                    WIDEN + ", DROP b",
                    uses("trigger tr on table {t}", "is dropped"),
                    uses("trigger up on table {t}", "is dropped"),
                    uses("policy elsewhere on table {s}.o", "is dropped"),
                    uses("policy po on table {t}", "is dropped"),
                    uses("rule elsewhere on table {s}.o", "is dropped"),
                    uses("rule ru on table {t}", "is dropped")),
            new Case(
                    PLAIN + ATTACHED,
                    "ALTER b TYPE text",
                    unsuited("trigger tr on table {t}", "operator does not exist: text > integer (SQLSTATE 42883)"),
                    unsuited(
                            "policy elsewhere on table {s}.o",
                            "operator does not exist: text > integer (SQLSTATE 42883)"),
                    unsuited("policy po on table {t}", "operator does not exist: text > integer (SQLSTATE 42883)"),
                    unsuited(
                            "rule elsewhere on table {s}.o",
                            "operator does not exist: text > integer (SQLSTATE 42883)"),
                    unsuited("rule ru on table {t}", "operator does not exist: text > integer (SQLSTATE 42883)")),
            new Case(
                    PLAIN + ATTACHED,
                    "ALTER nope TYPE text",
                    "WRONG_STATEMENT: the server rejects the change: column \"nope\" of relation \"Or\"der; Täble\""
                            + " does not exist (SQLSTATE 42703)"),
            new Case(
                    PLAIN
                            + ";;CREATE TABLE {s}.\"o o\" (x int CONSTRAINT \"f k\" REFERENCES {t});;ALTER TABLE"
                            + " {s}.\"o o\" DISABLE TRIGGER ALL",
                    WIDEN,
                    "UNSUPPORTED_DEPENDENT: triggers of foreign key f k of table {s}.\"o o\" are disabled, or set to"
                            + " REPLICA or ALWAYS, which this release does not carry over"),
            new Case(
                    "CREATE TABLE {t} (id int PRIMARY KEY, b int UNIQUE);;CREATE TABLE {s}.o (x int REFERENCES {t}"
                            + " (b))",
                    "DROP CONSTRAINT \"Or\"\"der; Täble_b_key\", " + WIDEN,
                    "WRONG_STATEMENT: the server rejects the change: cannot drop constraint Or\"der; Täble_b_key on"
                            + " table {t} because other objects depend on it: constraint o_x_fkey on table {s}.\"o\""
                            + " depends on index {s}.\"Or\"\"der; Täble_b_key\" (SQLSTATE 2BP01)"),
            new Case(
                    "CREATE TABLE {t} (id int PRIMARY KEY, b int UNIQUE);;CREATE TABLE {s}.o (x int REFERENCES {t}"
                            + " (b))",
                    "DROP b, " + WIDEN,
                    "WRONG_STATEMENT: the server rejects the change: cannot drop column b of table {t} because other"
                            + " objects depend on it: constraint o_x_fkey on table {s}.\"o\" depends on column b of"
                            + " table {t} (SQLSTATE 2BP01)"),
            // Views and routines
            new Case(
                    PLAIN + ";;CREATE MATERIALIZED VIEW {s}.v AS SELECT count(*) FROM {t}",
                    WIDEN,
                    bound("materialized view {s}.v", "it can't be bound to another table, only made and filled anew")),
            new Case(
                    PLAIN + ";;CREATE VIEW {s}.v AS SELECT b FROM {t}",
                    "DROP b, " + WIDEN,
                    bound("view {s}.v", "it uses column b, which is dropped")),
            // It would compile, and show something else.
            new Case(
                    PLAIN + ";;CREATE FUNCTION {s}.f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT b FROM {t}; END",
                    "DROP b, ADD b int, " + WIDEN,
                    bound("function {s}.f()", "it uses column b, which is dropped")),
            // So would these: they count the columns.
            new Case(
                    COUNTED + ";;CREATE VIEW {s}.v AS SELECT q, r FROM {t} x (p, q, r)",
                    "DROP b, ADD d int, " + WIDEN,
                    bound("view {s}.v", COUNTS)),
            new Case(
                    COUNTED
                            + ";;CREATE FUNCTION {s}.f() RETURNS int LANGUAGE sql RETURN (SELECT max(r) FROM {t} AS"
                            + " \"X\" (p, q, r))",
                    "DROP b, ADD d int, " + WIDEN,
                    bound("function {s}.f()", COUNTS)),
            new Case(
                    COUNTED
                            + ";;CREATE POLICY po ON {s}.o USING (EXISTS (SELECT FROM {t} x (p, q, r) WHERE r = o.id))"
                            + ";;CREATE RULE ru AS ON DELETE TO {t} DO ALSO DELETE FROM {s}.o USING {t} x (p, q, r)"
                            + " WHERE r = o.id",
                    "DROP b, ADD d int, " + WIDEN,
                    "UNSUPPORTED_DEPENDENT: policy po on table {s}.o: " + COUNTS,
                    "UNSUPPORTED_DEPENDENT: rule ru on table {t}: " + COUNTS),
            // So the server writes down a column that a join uses by its former name.
            new Case(
                    COUNTED + ";;CREATE RULE ru AS ON DELETE TO {t} DO ALSO UPDATE {s}.o SET id = y.id FROM {t} x JOIN"
                            + " {s}.o y USING (id) WHERE x.c = 1",
                    "DROP b, ADD d int, " + WIDEN + ", RENAME id TO e",
                    "UNSUPPORTED_DEPENDENT: rule ru on table {t}: " + COUNTS),
            // Renamed columns
            new Case(
                    PLAIN
                            + ";;CREATE SCHEMA IF NOT EXISTS other;;CREATE TABLE other.\"Or\"\"der; Täble\" (x"
                            + " int);;CREATE RULE ru AS ON INSERT TO other.\"Or\"\"der; Täble\" DO ALSO DELETE FROM"
                            + " {t} WHERE b = NEW.x",
                    WIDEN + ", RENAME b TO c",
                    "UNSUPPORTED_DEPENDENT: rule ru on table other.\"Or\"\"der; Täble\": a column is renamed, and its"
                            + " table \"other\".\"Or\"\"der; Täble\" has the same name as the one that is changed"),
            // The operator is found by the search path of whoever makes the view.
            new Case(
                    "CREATE TABLE {t} (id int PRIMARY KEY, b text);;CREATE OPERATOR {s}.= (LEFTARG = text, RIGHTARG ="
                        + " text, FUNCTION = texteq);;SET search_path = {s}, pg_catalog;;CREATE VIEW {s}.v AS SELECT b"
                        + " FROM {t} WHERE b IS DISTINCT FROM 'x'::text;;CREATE FUNCTION {s}.f() RETURNS bigint"
                        + " LANGUAGE sql BEGIN ATOMIC SELECT count(NULLIF(b, 'x'::text)) FROM {t}; END;;RESET"
                        + " search_path",
                    WIDEN,
                    rebound("function {s}.f()"),
                    rebound("view {s}.v")),
            new Case(
                    PLAIN
                            + ";;CREATE FUNCTION {s}.g() RETURNS {t} LANGUAGE sql AS 'SELECT NULL::{t}';;CREATE VIEW"
                            + " {s}.v AS SELECT (g.r).b FROM (SELECT {s}.g() AS r OFFSET 0) g",
                    WIDEN + ", RENAME b TO c",
                    remade("function {s}.g()", "on it hangs what can't be: rule _RETURN on view {s}.v"),
                    bound(
                            "view {s}.v",
                            "a column is renamed, and it can't be written down with the new name: its definition leads"
                                    + " to the table itself by another way than its name")),
            new Case(
                    PLAIN
                            + ";;CREATE FUNCTION {s}.g() RETURNS {t} LANGUAGE sql AS 'SELECT NULL::{t}';;CREATE VIEW"
                            + " {s}.v AS SELECT (g.r).b FROM (SELECT {s}.g() AS r OFFSET 0) g",
                    WIDEN,
                    remade("function {s}.g()", "on it hangs what can't be: rule _RETURN on view {s}.v"),
                    bound("view {s}.v", "made over the changed table it is still bound to table {t}")),
            new Case(
                    PLAIN + ";;CREATE VIEW {s}.v AS SELECT b + 1 AS c FROM {t}",
                    "ALTER b TYPE text",
                    bound(
                            "view {s}.v",
                            "over the changed table the server rejects it: ERROR: operator does not exist: text +"
                                    + " integer (SQLSTATE 42883)")),
            new Case(
                    PLAIN + ";;CREATE FUNCTION {s}.f() RETURNS int LANGUAGE sql RETURN (SELECT b FROM {t} LIMIT 1)",
                    "ALTER b TYPE text",
                    bound(
                            "function {s}.f()",
                            "over the changed table the server rejects it: ERROR: return type mismatch in function"
                                    + " declared to return integer (SQLSTATE 42P13)")),
            new Case(
                    PLAIN
                            + ";;CREATE SCHEMA IF NOT EXISTS other;;CREATE VIEW {s}.v AS SELECT b FROM {t};;CREATE VIEW"
                            + " other.v AS SELECT b FROM {t}",
                    WIDEN,
                    bound(
                            "view other.v",
                            "something else that hangs on the table, or the table itself, has its name in another"
                                    + " schema")),
            new Case(
                    PLAIN
                            + ";;CREATE VIEW {s}.v AS SELECT b FROM {t};;CREATE VIEW {s}.w AS SELECT b FROM"
                            + " {s}.v;;CREATE OR REPLACE VIEW {s}.v AS SELECT t.b FROM {t} t CROSS JOIN {s}.w",
                    WIDEN,
                    bound("view {s}.v", "it is made of itself")),
            new Case(
                    PLAIN + ";;CREATE VIEW {s}.v AS SELECT id FROM {t};;CREATE TABLE {s}.o (x {s}.v)",
                    WIDEN,
                    remade("view {s}.v", "on it hangs what can't be: column x of table {s}.o")),
            new Case(
                    PLAIN
                            + ";;CREATE VIEW {s}.v AS SELECT id FROM {t};;CREATE TABLE {s}.o (x int);;CREATE POLICY po"
                            + " ON {s}.o USING (x IN (SELECT id FROM {s}.v))",
                    WIDEN,
                    remade("view {s}.v", "on it hangs what can't be: policy po on table {s}.o")),
            new Case(
                    PLAIN
                            + ";;CREATE FUNCTION {s}.f({t}) RETURNS int LANGUAGE sql AS 'SELECT 1';;CREATE TABLE {s}.o"
                            + " (x int DEFAULT {s}.f(NULL))",
                    WIDEN,
                    remade(
                            "function {s}.f({t})",
                            "on it hangs what can't be: default value for column x of table {s}.o"),
                    hangs("default value for column x of table {s}.o")),
            new Case(
                    PLAIN
                            + ";;CREATE FUNCTION {s}.f(int, {t}) RETURNS int LANGUAGE sql AS 'SELECT 1';;CREATE"
                            + " AGGREGATE {s}.a({t}) (SFUNC = {s}.f, STYPE = int)",
                    WIDEN,
                    bound("function {s}.a({t})", "it is an aggregate or a window function"),
                    remade("function {s}.f(integer,{t})", "on it hangs what can't be: function {s}.a({t})")),
            new Case(
                    PLAIN
                            + ";;CREATE FUNCTION {s}.f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM"
                            + " {t}; END;;ALTER FUNCTION {s}.f() DEPENDS ON EXTENSION plpgsql",
                    WIDEN,
                    bound(
                            "function {s}.f()",
                            "it has to be replaced, but it is marked to depend on extension plpgsql")),
            new Case(
                    PLAIN
                            + ";;CREATE VIEW {s}.v AS SELECT id FROM {t};;INSERT INTO pg_seclabel VALUES"
                            + " ('{s}.v'::regclass, 'pg_class'::regclass, 0, 'guard', 'x')",
                    WIDEN,
                    remade("view {s}.v", "it has a security label of guard")),
            new Case(PLAIN + ";;CREATE TABLE {s}.o (x {t}[])", WIDEN, hangs("column x of table {s}.o")),
            new Case(PLAIN + ";;CREATE DOMAIN {s}.d AS {t}", WIDEN, hangs("type {s}.d")),
            new Case(
                    "CREATE TABLE {t} (id int PRIMARY KEY, n serial);;CREATE TABLE {s}.o (x int);;DO $$ BEGIN EXECUTE"
                        + " format('ALTER TABLE {s}.o ALTER x SET DEFAULT nextval(%L)', pg_get_serial_sequence('{t}',"
                        + " 'n')); END $$",
                    WIDEN, hangs("default value for column x of table {s}.o")),
            new Case(
                    PLAIN + ";;CREATE PUBLICATION pu FOR TABLE {t}",
                    WIDEN,
                    published("publication of table {t} in publication pu")),
            new Case(
                    PLAIN + ";;CREATE PUBLICATION pu FOR ALL TABLES",
                    WIDEN,
                    published("publication pu, which covers all tables")),
            new Case(
                            PLAIN + ";;CREATE PUBLICATION pu FOR TABLES IN SCHEMA {s}",
                            WIDEN,
                            published("publication pu, which covers schema {s}"))
                    .since(15),
            new Case(
                    PLAIN
                            + ";;CREATE SCHEMA IF NOT EXISTS \"Oth er\";;CREATE STATISTICS {s}.\"s t\" ON id, b FROM"
                            + " {t};;CREATE STATISTICS \"Oth er\".\"s t\" ON id, b FROM {t}",
                    WIDEN,
                    "UNSUPPORTED_DEPENDENT: the table's statistics {s}.\"s t\" and \"Oth er\".\"s t\" have one name,"
                            + " and the old table's schema has to hold both"),
            new Case(
                    PLAIN
                            + ";;CREATE SUBSCRIPTION su CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false,"
                            + " slot_name = NONE);;INSERT INTO pg_subscription_rel SELECT oid, '{t}'::regclass, 'r'"
                            + " FROM pg_subscription",
                    WIDEN,
                    "UNSUPPORTED_DEPENDENT: subscription su writes to table {t} and would not find the new one"),
            // The change
            new Case(
                    PLAIN,
                    WIDEN + ", ADD FOREIGN KEY (b) REFERENCES {t}",
                    "UNSUPPORTED_CHANGE: ADD FOREIGN KEY (b) REFERENCES {t}: it adds a foreign key, which is checked"
                            + " apart from a change of the rows"),
            new Case(
                    PLAIN + ";;CREATE FUNCTION {s}.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
                            + ";;CREATE CONSTRAINT TRIGGER tr AFTER INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION"
                            + " {s}.f()",
                    "DROP CONSTRAINT IF EXISTS tr",
                    "UNSUPPORTED_CHANGE: DROP CONSTRAINT IF EXISTS tr: constraint tr is a trigger's, which this release"
                            + " leaves alone"),
            new Case(
                    PLAIN + ";;INSERT INTO {t} VALUES (1, 1)",
                    WIDEN + ", ADD x text NOT NULL",
                    "WRONG_STATEMENT: new column x is NOT NULL, but nothing gives the present rows a value"),
            new Case(
                    "CREATE TABLE {t} (id int PRIMARY KEY, at timestamp)",
                    "ALTER at TYPE timestamptz",
                    "UNSUPPORTED_CHANGE: column at: converting timestamp without time zone to timestamp with time zone"
                            + " depends on the session's TimeZone"),
            new Case(
                    "CREATE TABLE {t} (id int PRIMARY KEY, at timestamptz)",
                    "ALTER at TYPE date",
                    "UNSUPPORTED_CHANGE: column at: converting timestamp with time zone to date depends on the"
                            + " session's TimeZone"),
            new Case(
                    PLAIN + ";;CREATE TABLE {s}.taken (x int)",
                    WIDEN + ", ADD CONSTRAINT taken UNIQUE (b)",
                    "UNSUPPORTED_CHANGE: schema Sché\"ma; -- already has something called taken, a name that the"
                            + " changed table needs"),
            new Case(
                    "CREATE TABLE {t} (id int PRIMARY KEY, n serial)",
                    "ALTER n DROP DEFAULT, ALTER n ADD GENERATED ALWAYS AS IDENTITY, " + WIDEN,
                    "UNSUPPORTED_CHANGE: the change makes a sequence Or\"der; Täble_n_seq, which is the name of the"
                            + " sequence that the column has already"),
            new Case(
                    PLAIN,
                    "RENAME b TO c, ALTER c TYPE bigint, RENAME c TO d, ALTER d TYPE text",
                    "UNSUPPORTED_CHANGE: ALTER d TYPE text: the column's type is changed twice"),
            new Case(
                    PLAIN,
                    "ADD x int DEFAULT 1, RENAME id TO i, ALTER b TYPE bigint USING x + i",
                    "UNSUPPORTED_CHANGE: ALTER b TYPE bigint USING x + i: the USING expression refers to a column that"
                            + " an earlier action adds or changes"),
            new Case(
                    PLAIN,
                    "ALTER b TYPE bigint, RENAME id TO i, ALTER i TYPE bigint USING i + b",
                    "UNSUPPORTED_CHANGE: ALTER i TYPE bigint USING i + b: the USING expression refers to a column that"
                            + " an earlier action adds or changes"),
            new Case(
                    PLAIN,
                    "ALTER b TYPE text USING \"Or\"\"der; Täble\"::text",
                    "UNSUPPORTED_CHANGE: ALTER b TYPE text USING \"Or\"\"der; Täble\"::text: the USING expression"
                            + " refers to the whole row or to a system column"),
            // The key
            new Case(
                    "CREATE TABLE {t} (id int)",
                    WIDEN,
                    "NO_IDENTITY_KEY: table {t} has no key that tells its rows apart"),
            // The WAL would tell the primary key only, whatever other keys there are.
            new Case(
                    "CREATE TABLE {t} (id int PRIMARY KEY, b int NOT NULL UNIQUE, c uuid)",
                    "DROP id, ALTER c TYPE text",
                    "NO_IDENTITY_KEY: column id of the identity key Or\"der; Täble_pkey is dropped"),
            new Case(
                    PLAIN,
                    "DROP id, ADD id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                    "NO_IDENTITY_KEY: column id of the identity key Or\"der; Täble_pkey is dropped"),
            new Case(
                    PLAIN,
                    "DROP CONSTRAINT \"Or\"\"der; Täble_pkey\", " + WIDEN,
                    "NO_IDENTITY_KEY: after the change no unique index is left on the columns of Or\"der; Täble_pkey,"
                            + " by which rows are told apart"),
            new Case(
                    "CREATE TABLE {t} (id numeric PRIMARY KEY)",
                    "ALTER id TYPE int",
                    "UNSUPPORTED_CHANGE: column id of the identity key Or\"der; Täble_pkey changes from numeric to"
                            + " integer, which could make two keys one"),
            new Case(
                    PLAIN,
                    "ALTER id TYPE bigint USING -id",
                    "UNSUPPORTED_CHANGE: the USING expression of column id of the identity key Or\"der; Täble_pkey is"
                            + " not the plain conversion"),
            new Case(
                    "CREATE TABLE {t} (a int, id int GENERATED ALWAYS AS (a + 1) STORED PRIMARY KEY)",
                    "ADD c uuid DEFAULT gen_random_uuid()",
                    "NO_IDENTITY_KEY: column id of the identity key Or\"der; Täble_pkey is generated, which the change"
                            + " stream does not carry"));

    private static String uses(String name, String change) {
        return "UNSUPPORTED_DEPENDENT: %s uses column b, which %s".formatted(name, change);
    }

    private static String unsuited(String name, String message) {
        return "UNSUPPORTED_DEPENDENT: %s can't be made for the new table: %s".formatted(name, message);
    }

    private static String hangs(String name) {
        return "UNSUPPORTED_DEPENDENT: %s hangs on table {t}, and this release does not carry it over the swap"
                .formatted(name);
    }

    private static String bound(String name, String why) {
        return "UNSUPPORTED_DEPENDENT: %s is bound to the table and can't follow the swap: %s".formatted(name, why);
    }

    private static String rebound(String query) {
        return bound(
                query,
                "made anew it would no longer use operator {s}.=(text,text): IS DISTINCT FROM, NULLIF, CASE and JOIN"
                        + " USING do not say of which schema theirs is");
    }

    private static String remade(String name, String why) {
        return bound(name, "it has to be made anew, but " + why);
    }

    private static String published(String name) {
        return "UNSUPPORTED_DEPENDENT: %s: its subscribers would see the swap of table {t}".formatted(name);
    }

    @ParameterizedTest
    @OnMajors
    void refusesByName(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            List<String> wrong = new ArrayList<>();
            for (Case it : CASES) {
                if (bench.major() >= it.from) {
                    bench.execute(it.setup.stream().map(Bench::fill).toArray(String[]::new));
                    List<String> found = Bench.lines(bench.plan(fill(it.clause)).problems());
                    List<String> expected =
                            it.expected.stream().map(Bench::fill).toList();
                    if (!found.equals(expected)) {
                        wrong.add("%s %s: expected %s, found %s".formatted(it.setup, it.clause, expected, found));
                    }
                    bench.execute(
                            "DROP PUBLICATION IF EXISTS pu",
                            "DELETE FROM pg_subscription_rel",
                            "DROP SUBSCRIPTION IF EXISTS su");
                    bench.reset();
                }
            }
            assertThat(wrong).isEmpty();
        }
    }

    @ParameterizedTest
    @OnMajors
    void refusesWhatCountsColumnsThatGetAnotherOrder(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(Stream.of((COUNTED + ";;CREATE VIEW {s}.v AS SELECT q, r FROM {t} x (p, q, r)").split(";;"))
                    .map(Bench::fill)
                    .toArray(String[]::new));

            assertThat(Bench.lines(
                            bench.plan(Bench.reorder(List.of("b", "c", "id"))).problems()))
                    .containsExactly(fill(bound("view {s}.v", COUNTS)));
            assertThat(Bench.lines(bench.plan(Bench.reorder(List.of("b", "id", "c", "d"), "ADD d int"))
                            .problems()))
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @OnMajors
    void refusesTablesThatAreNotTheApplications(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    "CREATE SCHEMA walshift_7",
                    "CREATE TABLE walshift_7.t (id int PRIMARY KEY)",
                    "CREATE FOREIGN DATA WRAPPER w",
                    "CREATE SERVER srv FOREIGN DATA WRAPPER w",
                    fill("CREATE FOREIGN TABLE {s}.f (id int) SERVER srv"),
                    fill("CREATE TABLE {s}.i (id int CONSTRAINT pk PRIMARY KEY)"));
            Map<String, String> expected = Map.of(
                    "pg_catalog.pg_class",
                    "pg_catalog.pg_class is a system catalog or a temporary table",
                    "walshift_7.t",
                    "walshift_7.t is a table of walshift's own",
                    S + ".f",
                    S + ".f is a foreign table",
                    S + ".pk",
                    S + ".pk is an index");
            for (Map.Entry<String, String> it : expected.entrySet()) {
                AlterRequest request = new AlterRequest(Optional.of(it.getKey()), List.of(WIDEN), Map.of(), List.of());
                assertThat(Bench.lines(bench.plan(request).problems())).contains("UNSUPPORTED_TABLE: " + it.getValue());
            }
        }
    }

    @ParameterizedTest
    @OnMajors
    void refusesColumnOrdersThatAreNotComplete(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(fill(PLAIN));
            for (List<String> order :
                    List.of(List.of("b"), List.of("b", "b"), List.of("b", "x"), List.of("b", "id", "x"))) {
                assertThat(Bench.lines(bench.plan(Bench.reorder(order)).problems()))
                        .containsExactly(
                                "WRONG_STATEMENT: the column order %s does not name each column once; after the change the table has [id, b]"
                                        .formatted(order));
            }
        }
    }

    @ParameterizedTest
    @OnMajors
    void noticesWhatIsNotCarriedButDoesNoHarm(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    fill("CREATE TABLE {t} (id int PRIMARY KEY, b int, n serial, d date)"),
                    fill("INSERT INTO {t} (id, b) VALUES (1, 1), (2, 1)"),
                    fill("CREATE FUNCTION {s}.e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'"),
                    fill("CREATE EVENT TRIGGER ev ON ddl_command_end EXECUTE FUNCTION {s}.e()"));
            assertThatThrownBy(() -> bench.execute(fill("CREATE UNIQUE INDEX CONCURRENTLY broken ON {t} (b)")))
                    .hasMessageContaining("could not create unique index");

            MigrationPlan plan = bench.plan(
                    "ALTER n TYPE bigint", "ALTER d TYPE text", "ALTER b TYPE date USING to_date(b::text, 'YYYY')");

            assertThat(plan.problems()).isEmpty();
            assertThat(plan.notices())
                    .containsExactlyInAnyOrder(
                            "event trigger ev will see walshift's own DDL, with search_path pg_catalog; if its function"
                                    + " names anything without a schema: ALTER FUNCTION "
                                    + S + ".e() SET search_path = ...",
                            "index broken is invalid and is not carried over",
                            "with its column, the sequence is widened too, which ALTER TABLE does not do: ALTER"
                                    + " SEQUENCE "
                                    + S + ".\"Or\"\"der; Täble_n_seq\" AS bigint",
                            "column d: converting date to text depends on settings; it is done with DateStyle = ISO,"
                                    + " lc_monetary = C",
                            "the USING expression of column b depends on settings; it is evaluated with TimeZone ="
                                    + " UTC, DateStyle = ISO");
        }
    }

    @ParameterizedTest
    @OnMajors
    void namesTheEventTriggerThatRejectsItsDdl(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    fill(PLAIN),
                    fill("CREATE FUNCTION {s}.\"no; DDL\"() RETURNS event_trigger LANGUAGE plpgsql AS"
                            + " 'BEGIN RAISE ''not today''; END'"),
                    fill("CREATE EVENT TRIGGER \"cl\"\"osed\" ON ddl_command_end WHEN TAG IN ('CREATE SCHEMA')"
                            + " EXECUTE FUNCTION {s}.\"no; DDL\"()"));
            MigrationPlan rejected = bench.plan(WIDEN);
            bench.execute(
                    "DROP EVENT TRIGGER \"cl\"\"osed\"",
                    fill("CREATE EVENT TRIGGER altered ON ddl_command_start WHEN TAG IN ('ALTER TABLE')"
                            + " EXECUTE FUNCTION {s}.\"no; DDL\"()"));
            List<String> alter = bench.problems(WIDEN);
            bench.execute("ALTER EVENT TRIGGER altered ENABLE REPLICA");
            MigrationPlan accepted = bench.plan(WIDEN);

            assertThat(Bench.lines(rejected.problems()))
                    .containsExactly(
                            "SERVER_SETTING: event trigger cl\"osed rejects walshift's DDL: not today (SQLSTATE"
                                    + " P0001)");
            assertThat(rejected.problems().getFirst().remedy())
                    .endsWith("ALTER EVENT TRIGGER \"cl\"\"osed\" DISABLE for the time of the migration");
            assertThat(alter)
                    .containsExactly(
                            "SERVER_SETTING: event trigger altered rejects walshift's DDL: not today (SQLSTATE P0001)");
            assertThat(accepted.problems()).isEmpty();
            assertThat(accepted.notices()).isEmpty();
        }
    }

    /** What is made in the swap needs rights of its own: on the function of a trigger, on another table. */
    @ParameterizedTest
    @OnMajors
    void refusesWhatTheRoleMayNotMakeAnew(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(fill(PLAIN + ATTACHED).split(";;"));
            bench.execute(
                    "CREATE ROLE migrator LOGIN REPLICATION",
                    "GRANT CREATE ON DATABASE %s TO migrator"
                            .formatted(bench.database().name()),
                    fill("GRANT USAGE, CREATE ON SCHEMA {s} TO migrator"),
                    fill("ALTER TABLE {t} OWNER TO migrator"),
                    fill("REVOKE EXECUTE ON FUNCTION {s}.f FROM PUBLIC"));
            try {
                String denied = "permission denied for function Sché\"ma; --.f (SQLSTATE 42501)";
                String foreign =
                        "MISSING_PRIVILEGE: %s elsewhere on table {s}.o mentions table {t} and has to be changed"
                                + " in the swap, but role migrator does not own its table";
                assertThat(Bench.lines(bench.as("migrator").plan(WIDEN).problems()))
                        .containsExactly(
                                fill(unsuited("trigger tr on table {t}", denied)),
                                fill(unsuited("trigger up on table {t}", denied)),
                                fill(unsuited("trigger whole on table {t}", denied)),
                                fill(foreign.formatted("policy")),
                                fill(foreign.formatted("rule")));
            } finally {
                bench.execute("DROP OWNED BY migrator CASCADE", "DROP ROLE migrator");
            }
        }
    }

    @ParameterizedTest
    @OnMajors
    void createsNoShadowWhenRefused(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(fill("CREATE TABLE {t} (id int)"));

            assertThatThrownBy(() -> bench.createShadow(Bench.alter(WIDEN)))
                    .isInstanceOf(RefusedException.class)
                    .hasMessage("table %s has no key that tells its rows apart", T)
                    .extracting(e -> ((RefusedException) e).plan().problems())
                    .asInstanceOf(InstanceOfAssertFactories.LIST)
                    .hasSize(1);
            assertThat(bench.strings("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'walshift%'"))
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @OnMajors
    void refusesTemporaryViewsOfOthersByName(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version);
                Connection other = bench.connect();
                Statement statement = other.createStatement()) {
            bench.execute(fill(PLAIN));
            statement.execute(fill("CREATE TEMPORARY VIEW passing AS SELECT b FROM {t}"));

            assertThat(bench.problems(WIDEN))
                    .singleElement()
                    .asString()
                    .matches("UNSUPPORTED_DEPENDENT: view pg_temp_\\d+.passing is bound to the table and can't follow"
                            + " the swap: it is a temporary view of another session");
        }
    }

    @ParameterizedTest
    @OnMajors
    void doesNotTakeATableForOneOfTheSystem(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    fill("CREATE TABLE {s}.pg_class (id int PRIMARY KEY, b int)"),
                    fill("CREATE VIEW {s}.v AS SELECT b FROM {s}.pg_class"));

            assertThat(bench.plan(new AlterRequest(Optional.of(S + ".pg_class"), List.of(WIDEN), Map.of(), List.of()))
                            .problems())
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @OnMajors
    void refusesMaterializedViewsThatCantBeFilledOrLoseStatistics(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(fill(PLAIN), fill("CREATE MATERIALIZED VIEW {s}.m AS SELECT b, b AS c FROM {t}"));
            AlterRequest request = Bench.alter(WIDEN).agreeingTo(Set.of(Consent.MATERIALIZED_VIEWS));
            MigrationPlan plan = bench.plan(request);
            assertThat(plan.problems()).isEmpty();
            assertThat(plan.notices())
                    .containsExactly(
                            fill("materialized view {s}.m is made anew and filled before the swap, from the rows of"
                                    + " that time and with TimeZone = UTC and DateStyle = ISO"));

            bench.execute(fill("ALTER MATERIALIZED VIEW {s}.m OWNER TO pg_monitor"));
            assertThat(Bench.lines(bench.plan(request).problems()))
                    .containsExactly(fill(bound(
                            "materialized view {s}.m",
                            "its owner pg_monitor may not read table {t}, so that it can't be filled anew")));
            bench.execute(fill("GRANT SELECT (b) ON {t} TO pg_monitor"));
            assertThat(bench.plan(request).problems()).isEmpty();

            bench.execute(fill("CREATE STATISTICS {s}.st ON b, c FROM {s}.m"));

            assertThat(Bench.lines(bench.plan(request).problems()))
                    .containsExactly(fill(remade("materialized view {s}.m", "it has statistics object {s}.st")));
        }
    }
}
