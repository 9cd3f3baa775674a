package dev.walshift.engine.migration;

import java.util.List;

/**
 * Triggers of all kinds, on a table and in a schema whose names try to be something else, that log what they are fired for. In statements
 * {s} is that schema, {t} the table, {n} its name alone, {o} another table.
 */
final class HostileTriggers {
    private static final String S = "\"Sh\"\"op; --\"";
    private static final String NAME = "\"Or\"\"der; Täble\"";

    /** The table, as SQL. */
    static final String TABLE = S + "." + NAME;

    /** What is there before the table is made, with the columns id, "a""on ", n and v. */
    static final List<String> BEFORE = List.of(
            "CREATE SCHEMA {s}",
            "CREATE EXTENSION citext",
            "CREATE TABLE {o} (x int PRIMARY KEY)",
            "CREATE TABLE {s}.log (who text, what text, place name)",
            """
            CREATE FUNCTION {s}."no; te"() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO {s}.log VALUES (TG_NAME || COALESCE(',' || array_to_string(TG_ARGV, ','), ''), TG_OP, TG_TABLE_NAME);
                RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
            END $$
            """,
            """
            CREATE FUNCTION {s}.count_new() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO {s}.log SELECT TG_NAME, count(*), TG_TABLE_NAME FROM "new ""rows";
                RETURN NULL;
            END $$
            """);

    /** Ten of them. */
    static final List<String> TRIGGERS = List.of(
            "CREATE TRIGGER before_row BEFORE INSERT OR DELETE OR UPDATE ON {t} FOR EACH ROW EXECUTE FUNCTION"
                    + " {s}.\"no; te\"()",
            "CREATE TRIGGER \"on Täble\" AFTER INSERT OR UPDATE OF n, \"a\"\"on \" ON {t} FOR EACH ROW"
                    + " WHEN (NEW.n > 5 AND NEW.\"a\"\"on \" IS DISTINCT FROM ' ON {t} ''?''')"
                    + " EXECUTE FUNCTION {s}.\"no; te\"('x', 'on {t}', E'\\\\''?')",
            "CREATE TRIGGER changed BEFORE UPDATE ON {t} FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)"
                    + " EXECUTE FUNCTION {s}.\"no; te\"()",
            "CREATE TRIGGER rows_of_statement AFTER INSERT ON {t} REFERENCING NEW TABLE AS \"new \"\"rows\""
                    + " FOR EACH STATEMENT EXECUTE FUNCTION {s}.count_new()",
            "CREATE TRIGGER emptied BEFORE TRUNCATE ON {t} FOR EACH STATEMENT EXECUTE FUNCTION {s}.\"no; te\"()",
            "CREATE CONSTRAINT TRIGGER late AFTER INSERT OR DELETE ON {t} FROM {o} DEFERRABLE INITIALLY DEFERRED"
                    + " FOR EACH ROW WHEN (true) EXECUTE FUNCTION {s}.\"no; te\"()",
            "CREATE TRIGGER replicas BEFORE INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION {s}.\"no; te\"()",
            "ALTER TABLE {t} ENABLE REPLICA TRIGGER replicas",
            "CREATE TRIGGER always BEFORE INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION {s}.\"no; te\"()",
            "ALTER TABLE {t} ENABLE ALWAYS TRIGGER always",
            "CREATE TRIGGER off BEFORE INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION {s}.\"no; te\"()",
            "ALTER TABLE {t} DISABLE TRIGGER off",
            "COMMENT ON TRIGGER off ON {t} IS 'isn''t \\ on?'",
            "COMMENT ON TRIGGER late ON {t} IS 'a trigger'",
            "COMMENT ON CONSTRAINT late ON {t} IS 'a constraint'",
            "ALTER TRIGGER always ON {t} DEPENDS ON EXTENSION citext",
            // Of another table, made FROM this one.
            "CREATE CONSTRAINT TRIGGER elsewhere AFTER DELETE ON {o} FROM {t} FOR EACH ROW EXECUTE FUNCTION {s}.\"no;"
                    + " te\"()",
            "ALTER TABLE {o} ENABLE ALWAYS TRIGGER elsewhere",
            "COMMENT ON TRIGGER elsewhere ON {o} IS 'there'");

    private HostileTriggers() {}

    static String fill(String sql) {
        return sql.replace("{t}", TABLE)
                .replace("{n}", NAME)
                .replace("{o}", S + ".\"on\"")
                .replace("{s}", S);
    }

    static String[] fill(List<String> statements) {
        return statements.stream().map(HostileTriggers::fill).toArray(String[]::new);
    }
}
