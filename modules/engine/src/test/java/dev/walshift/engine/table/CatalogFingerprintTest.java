package dev.walshift.engine.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.MigrationException;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;

class CatalogFingerprintTest {
    private static final String T = "\"Sché\"\"ma; --\".\"Or\"\"der; Täble\"";
    private static final String S = "\"Sché\"\"ma; --\"";
    private static final SqlTemplate OID = SqlTemplate.of("SELECT ?::regclass::oid::bigint");

    private static final QualifiedName SEQUENCE = QualifiedName.of("Sché\"ma; --", "Or\"der; Täble_n_seq");
    private static final OwnedSequence SERIAL = new OwnedSequence(
            SEQUENCE,
            OwnedSequence.Kind.SERIAL,
            SEQUENCE,
            new Identifier("n"),
            new Identifier("n"),
            Optional.empty(),
            false);

    private static final List<String> CREATE = List.of(
            "CREATE SCHEMA {s}",
            "CREATE TABLE {s}.other (x int PRIMARY KEY, y int)",
            "CREATE TABLE {t} (id int PRIMARY KEY, b text, n serial, i int GENERATED ALWAYS AS IDENTITY)",
            "CREATE UNIQUE INDEX u ON {t} (n)",
            "CREATE INDEX e ON {t} (lower(b))",
            "CREATE UNLOGGED TABLE {s}.tied (x int, CONSTRAINT tie FOREIGN KEY (x) REFERENCES {t})",
            "ALTER TABLE {s}.tied ADD CONSTRAINT late FOREIGN KEY (x) REFERENCES {t} NOT VALID",
            "CREATE FUNCTION {s}.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "CREATE TRIGGER tr0 BEFORE INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION {s}.f()",
            "CREATE CONSTRAINT TRIGGER ct0 AFTER INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION {s}.f()",
            "CREATE CONSTRAINT TRIGGER ct1 AFTER INSERT ON {s}.other FROM {t} FOR EACH ROW EXECUTE FUNCTION {s}.f()",
            "CREATE RULE ru0 AS ON DELETE TO {t} DO ALSO SELECT 1",
            "CREATE RULE ru1 AS ON DELETE TO {s}.other DO ALSO SELECT id FROM {t}",
            "CREATE POLICY po0 ON {t} USING (id > 0)",
            "CREATE POLICY po1 ON {s}.other USING (x IN (SELECT id FROM {t}))",
            "CREATE SCHEMA walshift_1",
            "CREATE STATISTICS {s}.st ON id, b FROM {t}",
            "CREATE VIEW {s}.inner_view AS SELECT id FROM {t}",
            "CREATE VIEW {s}.outer_view AS SELECT id FROM {s}.inner_view",
            "CREATE MATERIALIZED VIEW {s}.stored AS SELECT id FROM {s}.outer_view",
            "CREATE INDEX si ON {s}.stored (abs(id))",
            "CREATE FUNCTION {s}.atomic() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM {t}; END");

    /** Each makes a shadow created before it wrong. */
    private static final List<String> CHANGES = List.of(
            "ALTER TABLE {t} ADD x int",
            "CREATE SEQUENCE {s}.given; ALTER SEQUENCE {s}.given OWNED BY {t}.b",
            "ALTER TABLE {t} DROP b",
            "ALTER TABLE {t} RENAME b TO c",
            "ALTER TABLE {t} ALTER b TYPE varchar",
            "ALTER TABLE {t} ALTER b SET DEFAULT 'x'",
            "ALTER TABLE {t} ALTER b SET NOT NULL",
            "ALTER TABLE {t} ALTER b SET STORAGE EXTERNAL",
            "ALTER TABLE {t} ALTER b SET STATISTICS 5",
            "ALTER TABLE {t} ALTER b SET (n_distinct = 5)",
            "ALTER TABLE {t} ADD CHECK (id > 0) NOT VALID",
            "ALTER TABLE {t} ADD UNIQUE (b)",
            "ALTER TABLE {t} RENAME CONSTRAINT \"Or\"\"der; Täble_pkey\" TO x",
            "ALTER TABLE {t} ADD FOREIGN KEY (id) REFERENCES {s}.other",
            "ALTER TABLE {s}.other ADD FOREIGN KEY (y) REFERENCES {t}",
            "ALTER TABLE {s}.tied VALIDATE CONSTRAINT late",
            "ALTER TABLE {s}.tied ALTER CONSTRAINT tie DEFERRABLE",
            "ALTER TABLE {s}.tied RENAME CONSTRAINT tie TO x",
            "ALTER TABLE {s}.tied DROP CONSTRAINT tie",
            "ALTER TABLE {s}.tied RENAME x TO y",
            "ALTER TABLE {s}.tied RENAME TO x",
            "ALTER TABLE {s}.tied DROP CONSTRAINT tie, ADD CONSTRAINT tie FOREIGN KEY (x) REFERENCES {t} ON DELETE"
                    + " CASCADE",
            "ALTER TABLE {s}.tied DISABLE TRIGGER ALL",
            "COMMENT ON CONSTRAINT tie ON {s}.tied IS 'x'",
            "CREATE INDEX x ON {t} (b)",
            "DROP INDEX {s}.u",
            "ALTER INDEX {s}.u RENAME TO x",
            "ALTER INDEX {s}.u SET (fillfactor = 50)",
            "COMMENT ON INDEX {s}.u IS 'x'",
            "ALTER INDEX {s}.u DEPENDS ON EXTENSION plpgsql",
            "ALTER INDEX {s}.e ALTER COLUMN 1 SET STATISTICS 7",
            "COMMENT ON TYPE {t} IS 'x'",
            "COMMENT ON TYPE {s}.\"_Or\"\"der; Täble\" IS 'x'",
            "GRANT USAGE ON TYPE {t} TO pg_monitor",
            "REVOKE USAGE ON TYPE {t} FROM PUBLIC",
            "ALTER EXTENSION plpgsql ADD TYPE {t}",
            "ALTER EXTENSION plpgsql ADD SEQUENCE {s}.\"Or\"\"der; Täble_i_seq\"",
            // No provider is at hand, so the labels are written as a provider would have them written.
            "INSERT INTO pg_seclabel SELECT '{t}'::regclass, 'pg_class'::regclass, 0, 'guard', 'a'",
            "INSERT INTO pg_seclabel SELECT '{t}'::regclass, 'pg_class'::regclass, 2, 'guard', 'a'",
            "INSERT INTO pg_seclabel SELECT reltype, 'pg_type'::regclass, 0, 'guard', 'a' FROM pg_class WHERE oid ="
                    + " '{t}'::regclass",
            "INSERT INTO pg_seclabel SELECT pg_get_serial_sequence('{t}', 'i')::regclass, 'pg_class'::regclass, 0,"
                    + " 'guard', 'a'",
            "COMMENT ON TABLE {t} IS 'x'",
            "COMMENT ON COLUMN {t}.b IS 'x'",
            "COMMENT ON CONSTRAINT \"Or\"\"der; Täble_pkey\" ON {t} IS 'x'",
            "ALTER TABLE {t} CLUSTER ON u",
            "ALTER TABLE {t} SET (fillfactor = 50)",
            "ALTER TABLE {t} SET (toast.autovacuum_enabled = off)",
            "ALTER TABLE {t} OWNER TO pg_monitor",
            "GRANT SELECT ON {t} TO pg_monitor",
            "GRANT SELECT (b) ON {t} TO pg_monitor",
            "CREATE TRIGGER tr BEFORE INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION {s}.f()",
            "CREATE RULE ru AS ON DELETE TO {t} DO INSTEAD NOTHING",
            "CREATE POLICY po ON {t}",
            "ALTER TABLE {t} ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE {t} FORCE ROW LEVEL SECURITY",
            "ALTER TABLE {t} DISABLE TRIGGER tr0",
            "ALTER TABLE {t} ENABLE ALWAYS TRIGGER tr0",
            "ALTER TRIGGER tr0 ON {t} RENAME TO tr",
            "ALTER TRIGGER tr0 ON {t} DEPENDS ON EXTENSION plpgsql",
            "COMMENT ON TRIGGER tr0 ON {t} IS 'x'",
            "COMMENT ON CONSTRAINT ct0 ON {t} IS 'x'",
            "ALTER FUNCTION {s}.f() RENAME TO g",
            "DROP TRIGGER tr0 ON {t}",
            "DROP TRIGGER ct1 ON {s}.other",
            "ALTER TABLE {s}.other DISABLE TRIGGER ct1",
            "COMMENT ON TRIGGER ct1 ON {s}.other IS 'x'",
            "COMMENT ON CONSTRAINT ct1 ON {s}.other IS 'x'",
            "ALTER TABLE {t} DISABLE RULE ru0",
            "ALTER RULE ru0 ON {t} RENAME TO ru",
            "COMMENT ON RULE ru0 ON {t} IS 'x'",
            "DROP RULE ru0 ON {t}",
            "CREATE OR REPLACE RULE ru1 AS ON DELETE TO {s}.other DO ALSO SELECT n FROM {t}",
            "DROP RULE ru1 ON {s}.other",
            "ALTER POLICY po0 ON {t} TO pg_monitor",
            "ALTER POLICY po0 ON {t} USING (id > 1)",
            "ALTER POLICY po0 ON {t} WITH CHECK (id > 1)",
            "ALTER POLICY po0 ON {t} RENAME TO po",
            "COMMENT ON POLICY po0 ON {t} IS 'x'",
            "DROP POLICY po0 ON {t}",
            "ALTER POLICY po1 ON {s}.other USING (x IN (SELECT n FROM {t}))",
            "ALTER POLICY po1 ON {s}.other TO pg_monitor",
            "DROP POLICY po1 ON {s}.other",
            "ALTER TABLE {s}.other RENAME TO another",
            "CREATE VIEW {s}.v AS SELECT id FROM {t}",
            "CREATE VIEW {s}.v AS SELECT id FROM {s}.outer_view",
            "DROP MATERIALIZED VIEW {s}.stored",
            "CREATE INDEX x ON {s}.stored (id)",
            "ALTER INDEX {s}.si DEPENDS ON EXTENSION plpgsql",
            "ALTER INDEX {s}.si ALTER COLUMN 1 SET STATISTICS 7",
            "COMMENT ON INDEX {s}.si IS 'x'",
            "ALTER MATERIALIZED VIEW {s}.stored CLUSTER ON si",
            "ALTER MATERIALIZED VIEW {s}.stored ALTER COLUMN id SET STATISTICS 7",
            "ALTER MATERIALIZED VIEW {s}.stored ALTER COLUMN id SET (n_distinct = 5)",
            "CREATE OR REPLACE VIEW {s}.outer_view AS SELECT id FROM {s}.inner_view WHERE id > 0",
            "ALTER VIEW {s}.outer_view SET (security_barrier)",
            "ALTER VIEW {s}.outer_view ALTER id SET DEFAULT 7",
            "ALTER VIEW {s}.outer_view OWNER TO pg_monitor",
            "GRANT SELECT ON {s}.outer_view TO pg_monitor",
            "GRANT SELECT (id) ON {s}.outer_view TO pg_monitor",
            "COMMENT ON VIEW {s}.outer_view IS 'x'",
            "COMMENT ON COLUMN {s}.outer_view.id IS 'x'",
            "CREATE RULE ru AS ON DELETE TO {s}.outer_view DO INSTEAD NOTHING",
            "CREATE TRIGGER tr INSTEAD OF INSERT ON {s}.outer_view FOR EACH ROW EXECUTE FUNCTION {s}.f()",
            "CREATE OR REPLACE FUNCTION {s}.atomic() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(id) FROM"
                    + " {t}; END",
            "REVOKE ALL ON FUNCTION {s}.atomic FROM PUBLIC",
            "COMMENT ON FUNCTION {s}.atomic IS 'x'",
            "CREATE FUNCTION {s}.on_view({s}.outer_view) RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE TABLE {s}.child () INHERITS ({t})",
            "ALTER TABLE {t} INHERIT {s}.parent",
            "CREATE FUNCTION {s}.g({t}) RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE STATISTICS {s}.st2 ON id, n FROM {t}",
            "ALTER STATISTICS {s}.st SET STATISTICS 7",
            "CREATE PUBLICATION theirs FOR TABLE {t}",
            "GRANT USAGE ON SEQUENCE {s}.\"Or\"\"der; Täble_i_seq\" TO pg_monitor",
            "ALTER TABLE {t} ALTER i SET GENERATED BY DEFAULT",
            "ALTER TABLE {t} SET UNLOGGED",
            "ALTER TABLE {t} RENAME TO x",
            "ALTER TABLE {t} SET SCHEMA public",
            "CREATE SUBSCRIPTION su CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false, slot_name = NONE);"
                    + " INSERT INTO pg_subscription_rel SELECT oid, '{t}'::regclass, 'r' FROM pg_subscription",
            // Last, since these outlive the table. 14 has none by schema.
            "DO $$ BEGIN IF current_setting('server_version_num')::int >= 150000"
                    + " THEN EXECUTE 'CREATE PUBLICATION by_schema FOR TABLES IN SCHEMA {s}';"
                    + " ELSE CREATE PUBLICATION by_schema FOR ALL TABLES; END IF; END $$",
            "CREATE PUBLICATION of_all FOR ALL TABLES");

    /** These are the migration's own doing, or do not matter. */
    private static final List<String> NO_CHANGES = List.of(
            "INSERT INTO {t} (id, b) SELECT i, repeat('x', 3000) FROM generate_series(1, 100) AS i",
            "ANALYZE {t}",
            "VACUUM FULL {t}",
            "TRUNCATE {t} CASCADE",
            "REINDEX TABLE CONCURRENTLY {t}",
            "ALTER TABLE {t} REPLICA IDENTITY FULL",
            "ALTER TABLE {t} REPLICA IDENTITY USING INDEX u",
            "CREATE PUBLICATION walshift_9 FOR TABLE {t}",
            "DROP PUBLICATION walshift_9",
            // The sequence of a serial stays itself.
            "INSERT INTO pg_seclabel SELECT pg_get_serial_sequence('{t}', 'n')::regclass, 'pg_class'::regclass, 0,"
                    + " 'guard', 'a'",
            "DELETE FROM pg_seclabel",
            "GRANT USAGE ON TYPE {t} TO PUBLIC",
            "ALTER SEQUENCE {s}.\"Or\"\"der; Täble_n_seq\" RESTART 50",
            // A serial keeps its sequence, whoever owns it during the swap; who does is looked at apart.
            "ALTER SEQUENCE {s}.\"Or\"\"der; Täble_n_seq\" INCREMENT 5",
            "ALTER SEQUENCE {s}.\"Or\"\"der; Täble_n_seq\" OWNED BY NONE",
            "DO $$ BEGIN EXECUTE format('CREATE TABLE walshift_1.\"Or\"\"der; Täble\" (n int DEFAULT nextval(%L))',"
                    + " pg_get_serial_sequence('{t}', 'n')); END $$",
            "CREATE TABLE {s}.bystander (LIKE {t})",
            // What is made beside the shadow over views that stay.
            "CREATE VIEW walshift_1.v AS SELECT id FROM {s}.outer_view",
            "CREATE FUNCTION walshift_1.on_view({s}.outer_view) RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "REFRESH MATERIALIZED VIEW {s}.stored",
            "CREATE INDEX bystander_index ON {s}.other (x)",
            "CREATE POLICY mine ON {s}.other USING (x > 0)",
            "ALTER TABLE {s}.other ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE {s}.other ADD z int");

    private static String fill(String sql) {
        return sql.replace("{t}", T).replace("{s}", S);
    }

    private static Database open(TestDatabase database) {
        return new Database(database::connect, database::connect);
    }

    private static String fingerprint(Database database, long oid) throws SQLException {
        try (Session session = database.open("test")) {
            return CatalogFingerprint.of(session, oid, List.of(SERIAL));
        }
    }

    private static long create(TestDatabase test, Database database) throws SQLException {
        test.execute(CREATE.stream().map(CatalogFingerprintTest::fill).toArray(String[]::new));
        test.execute(
                fill("CREATE TABLE {s}.parent AS SELECT * FROM {t}"),
                fill("ALTER TABLE {s}.parent ALTER id SET NOT NULL, ALTER n SET NOT NULL, ALTER i SET NOT NULL"));
        try (Session session = database.open("test")) {
            return session.queryOne(OID, row -> row.getLong(1), T);
        }
    }

    @ParameterizedTest
    @OnMajors
    void changesWithEverythingThatASwapWouldLose(ServerVersion version) throws SQLException {
        try (TestDatabase test = SharedServers.freshDatabase(version)) {
            Database database = open(test);
            List<String> unseen = new ArrayList<>();
            for (String change : CHANGES) {
                long oid = create(test, database);
                String before = fingerprint(database, oid);
                test.execute(fill(change));
                if (fingerprint(database, oid).equals(before)) {
                    unseen.add(change);
                }
                // A member would take the extension with it.
                test.execute(
                        "DELETE FROM pg_depend WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass"
                                + " AND classid IN ('pg_type'::regclass, 'pg_class'::regclass)",
                        "DELETE FROM pg_seclabel",
                        fill("DROP SCHEMA {s} CASCADE"),
                        "DROP SCHEMA walshift_1",
                        "DROP SCHEMA public CASCADE",
                        "CREATE SCHEMA public");
            }
            assertThat(unseen).isEmpty();
        }
    }

    /** What was planned for the publication as it was would not go with it any more, or would take the change back. */
    @ParameterizedTest
    @OnMajors
    void changesWithAPublicationThatHasTheTable(ServerVersion version) throws SQLException {
        List<String> changes = new ArrayList<>(List.of(
                "ALTER PUBLICATION \"pü b\" SET (publish = 'insert')",
                "ALTER PUBLICATION \"pü b\" RENAME TO other",
                "ALTER PUBLICATION \"pü b\" OWNER TO pg_monitor",
                "ALTER PUBLICATION \"pü b\" DROP TABLE {t}",
                "DROP PUBLICATION \"pü b\"",
                "DROP PUBLICATION \"pü b\"; CREATE PUBLICATION \"pü b\" FOR TABLE {t}"));
        if (version.major() >= 15) {
            changes.add("ALTER PUBLICATION \"pü b\" SET TABLE {t} WHERE (id > 5)");
            changes.add("ALTER PUBLICATION \"pü b\" SET TABLE {t} (id, b, n)");
            // A new column would not be in the list.
            changes.add("ALTER PUBLICATION \"pü b\" SET TABLE {t} (id, b, n, i)");
        }
        try (TestDatabase test = SharedServers.freshDatabase(version)) {
            Database database = open(test);
            long oid = create(test, database);
            test.execute("GRANT CREATE ON DATABASE %s TO pg_monitor".formatted(test.name()));
            List<String> unseen = new ArrayList<>();
            for (String change : changes) {
                test.execute(fill("CREATE PUBLICATION \"pü b\" FOR TABLE {t}"));
                String before = fingerprint(database, oid);
                test.execute(fill(change));
                if (fingerprint(database, oid).equals(before)) {
                    unseen.add(change);
                }
                test.execute("DROP PUBLICATION IF EXISTS \"pü b\", other");
            }
            test.execute("REVOKE CREATE ON DATABASE %s FROM pg_monitor".formatted(test.name()));
            assertThat(unseen).isEmpty();
        }
    }

    @ParameterizedTest
    @OnMajors
    void staysTheSameOtherwise(ServerVersion version) throws SQLException {
        try (TestDatabase test = SharedServers.freshDatabase(version)) {
            Database database = open(test);
            long oid = create(test, database);
            String before = fingerprint(database, oid);
            for (String change : NO_CHANGES) {
                test.execute(fill(change));
                assertThat(fingerprint(database, oid)).as(change).isEqualTo(before);
            }
        }
    }

    @ParameterizedTest
    @OnMajors
    void isOnlyTakenWithAFixedSearchPathOfATableThatIsThere(ServerVersion version) throws SQLException {
        try (TestDatabase test = SharedServers.freshDatabase(version);
                Session user = open(test).openAsUser("test");
                Session ours = open(test).open("test")) {
            assertThatThrownBy(() -> CatalogFingerprint.of(user, 1259, List.of()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("needs search_path pg_catalog");
            assertThatThrownBy(() -> CatalogFingerprint.of(ours, 1, List.of()))
                    .isInstanceOf(MigrationException.class)
                    .hasMessage("the table with oid 1 is gone");
        }
    }
}
