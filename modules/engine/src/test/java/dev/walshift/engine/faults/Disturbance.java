package dev.walshift.engine.faults;

import static dev.walshift.engine.ProblemCode.PUBLICATION_LOST;
import static dev.walshift.engine.ProblemCode.REPLICA_IDENTITY;
import static dev.walshift.engine.ProblemCode.SOURCE_CHANGED;

import dev.walshift.engine.ProblemCode;
import java.util.Optional;

/** What another DBA may do to the table {@code orders} of a {@link Hold}, and how the migration has to end then. */
enum Disturbance {
    TRUNCATE("TRUNCATE orders", "SELECT true", "orders", 0),
    VACUUM_FULL("VACUUM FULL orders", "SELECT true", "orders", Hold.ROWS),
    CLUSTER("CLUSTER orders", "SELECT true", "orders", Hold.ROWS),
    ADD_COLUMN(
            "ALTER TABLE orders ADD COLUMN precious int DEFAULT 5",
            "SELECT sum(precious) = 5000 FROM orders",
            SOURCE_CHANGED),
    DROP_COLUMN(
            "ALTER TABLE orders DROP COLUMN spare",
            "SELECT NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'spare')",
            SOURCE_CHANGED),
    REWRITE(
            "ALTER TABLE orders ALTER COLUMN spare TYPE text",
            "SELECT pg_typeof(spare) = 'text'::regtype FROM orders LIMIT 1",
            SOURCE_CHANGED),
    RENAME_KEY("ALTER TABLE orders RENAME COLUMN id TO key", "SELECT min(key) = 1 FROM orders", SOURCE_CHANGED),
    RENAME("ALTER TABLE orders RENAME TO invoices", "SELECT true", "invoices", SOURCE_CHANGED),
    SET_SCHEMA("ALTER TABLE orders SET SCHEMA elsewhere", "SELECT true", "elsewhere.orders", SOURCE_CHANGED),
    SET_OWNER(
            "ALTER TABLE orders OWNER TO pg_monitor",
            "SELECT pg_get_userbyid(relowner) = 'pg_monitor' FROM pg_class WHERE oid = 'orders'::regclass",
            SOURCE_CHANGED),
    /** CASCADE, since the shadow's default hangs on the serial's sequence. */
    DROP("DROP TABLE orders CASCADE", "SELECT to_regclass('orders') IS NULL", "pg_am WHERE false", SOURCE_CHANGED, 0),
    REPLACE(
            "BEGIN; DROP TABLE orders CASCADE; CREATE TABLE orders AS SELECT 1 AS id, 1 AS n, 1 AS k, 'new' AS note;"
                    + " COMMIT",
            "SELECT note = 'new' FROM orders",
            "orders",
            SOURCE_CHANGED,
            1),
    INDEX_CONCURRENTLY(
            "CREATE INDEX CONCURRENTLY precious ON orders (note)",
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'precious'::regclass AND indrelid = 'orders'::regclass",
            SOURCE_CHANGED),
    INDEX(
            "CREATE INDEX precious ON orders (note)",
            "SELECT indrelid = 'orders'::regclass FROM pg_index WHERE indexrelid = 'precious'::regclass",
            SOURCE_CHANGED),
    GRANT(
            "GRANT SELECT ON orders TO pg_monitor",
            "SELECT has_table_privilege('pg_monitor', 'orders', 'SELECT')",
            SOURCE_CHANGED),
    COMMENT(
            "COMMENT ON TABLE orders IS 'precious'",
            "SELECT obj_description('orders'::regclass) = 'precious'",
            SOURCE_CHANGED),
    PUBLISH(
            "CREATE PUBLICATION theirs FOR TABLE orders",
            "SELECT count(*) = 1 FROM pg_publication_tables WHERE pubname = 'theirs'",
            SOURCE_CHANGED),
    PUBLISH_ALL(
            "CREATE PUBLICATION theirs FOR ALL TABLES",
            "SELECT puballtables FROM pg_publication WHERE pubname = 'theirs'",
            SOURCE_CHANGED),
    IDENTITY_FULL(
            "ALTER TABLE orders REPLICA IDENTITY FULL",
            "SELECT relreplident = 'f' FROM pg_class WHERE oid = 'orders'::regclass",
            REPLICA_IDENTITY),
    UNPUBLISH("ALTER PUBLICATION walshift_1 DROP TABLE orders", "SELECT true", PUBLICATION_LOST),
    DROP_PUBLICATION("DROP PUBLICATION walshift_1", "SELECT true", PUBLICATION_LOST),
    SEQUENCE(
            "CREATE SEQUENCE precious; ALTER SEQUENCE precious OWNED BY orders.n",
            "SELECT count(*) = 1 FROM pg_depend WHERE objid = 'precious'::regclass AND refobjid = 'orders'::regclass",
            SOURCE_CHANGED),
    TRIGGER(
            "CREATE TRIGGER precious BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION"
                    + " suppress_redundant_updates_trigger()",
            "SELECT count(*) = 1 FROM pg_trigger WHERE tgrelid = 'orders'::regclass AND tgname = 'precious'",
            SOURCE_CHANGED),
    RULE(
            "CREATE RULE precious AS ON DELETE TO orders DO ALSO SELECT 1",
            "SELECT count(*) = 1 FROM pg_rewrite WHERE ev_class = 'orders'::regclass AND rulename = 'precious'",
            SOURCE_CHANGED),
    POLICY(
            "CREATE POLICY precious ON orders USING (n > 0)",
            "SELECT count(*) = 1 FROM pg_policy WHERE polrelid = 'orders'::regclass AND polname = 'precious'",
            SOURCE_CHANGED),
    ROW_SECURITY(
            "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
            "SELECT relrowsecurity FROM pg_class WHERE oid = 'orders'::regclass",
            SOURCE_CHANGED),
    /** Of a function that the mapping and an index call, and that is given an argument of its own type by then. */
    OVERLOAD(
            "CREATE FUNCTION public.gate(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT -n'",
            "SELECT to_regprocedure('public.gate(bigint)') IS NOT NULL",
            SOURCE_CHANGED),
    REFERENCE(
            "CREATE TABLE precious (o int CONSTRAINT precious REFERENCES orders)",
            "SELECT confrelid = 'orders'::regclass FROM pg_constraint WHERE conname = 'precious'",
            SOURCE_CHANGED);

    private final String statement;
    private final String intact;
    private final String table;
    private final Optional<ProblemCode> end;
    private final int rows;

    /** What the migration survives. */
    Disturbance(String statement, String intact, String table, int rows) {
        this(statement, intact, table, Optional.empty(), rows);
    }

    Disturbance(String statement, String intact, ProblemCode end) {
        this(statement, intact, "orders", Optional.of(end), Hold.ROWS);
    }

    Disturbance(String statement, String intact, String table, ProblemCode end) {
        this(statement, intact, table, Optional.of(end), Hold.ROWS);
    }

    Disturbance(String statement, String intact, String table, ProblemCode end, int rows) {
        this(statement, intact, table, Optional.of(end), rows);
    }

    Disturbance(String statement, String intact, String table, Optional<ProblemCode> end, int rows) {
        this.statement = statement;
        this.intact = intact;
        this.table = table;
        this.end = end;
        this.rows = rows;
    }

    String statement() {
        return statement;
    }

    /** A query that is true as long as what the statement did is there. */
    String intact() {
        return intact;
    }

    /** What the rows are found in afterwards. */
    String table() {
        return table;
    }

    /** Why the migration fails; empty if it has to get to its end. */
    Optional<ProblemCode> end() {
        return end;
    }

    /** How many there are afterwards. */
    int rows() {
        return rows;
    }
}
