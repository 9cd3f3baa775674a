package dev.walshift.engine.plan.dependents;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.postgres.Identifier;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class CountedColumnsTest {
    private static final Identifier TABLE = new Identifier("Or\"der; Täble");

    private static void assertAll(Predicate<CountedColumns> test, List<String> yes, List<String> no) {
        assertThat(yes).allSatisfy(sql -> assertThat(test.test(counted(sql))).isTrue());
        assertThat(no).allSatisfy(sql -> assertThat(test.test(counted(sql))).isFalse());
    }

    private static CountedColumns counted(String sql) {
        return CountedColumns.in(sql.replace("{t}", "s.\"Or\"\"der; Täble\""));
    }

    @Test
    void seesOtherNamesForColumnsOfATable() {
        assertAll(
                it -> it.renamesThoseOf(TABLE),
                List.of(
                        "SELECT x.p FROM ONLY {t} x(p, q)",
                        "SELECT 1 FROM \"Or\"\"der; Täble\" \"X\"(p, q)",
                        "SELECT 1 FROM {t} \"Or\"\"der; Täble\"(p, q)",
                        "SELECT 1 FROM {t} _1 (p)"),
                List.of(
                        "SELECT 1 FROM {t} x",
                        "SELECT 1 FROM {t} JOIN (SELECT 1) y",
                        "SELECT '{t} x(p)'",
                        "INSERT INTO {t} AS x (p)",
                        "INSERT INTO {t} (p)",
                        "SELECT 1 FROM s.other x(p)"));
    }

    @Test
    void seesOtherNamesForColumnsOfJoinsAndFunctions() {
        assertAll(
                it -> it.renamesThoseOfJoinOrFunction(3),
                List.of(
                        "SELECT 1 FROM ({t} CROSS JOIN s.u) k(p, q, r)",
                        "SELECT 1 FROM ((SELECT 1) v JOIN {t} USING (id)) \"K\"(p, \"(,\", r, s)",
                        "SELECT 1 FROM f(NULL::{t}, ')') k(p, q, r)",
                        "SELECT 1 FROM ROWS FROM(f(1), g(2)) WITH ORDINALITY k(p, q, r)"),
                List.of(
                        "SELECT 1 FROM ({t} CROSS JOIN s.u) k(p, q)",
                        "SELECT 1 FROM ({t} CROSS JOIN s.u) k",
                        "SELECT 1 FROM generate_series(1, 2) WITH ORDINALITY g(p, q)",
                        "SELECT 1 FROM ( SELECT 1, 2, 3) k(p, q, r)",
                        "SELECT 1 FROM (VALUES (1, 2, 3)) k(p, q, r)",
                        "SELECT 1 FROM json_to_recordset('[]') AS k(p integer, q integer, r integer)",
                        "SELECT (1) IN (1, 2, 3)",
                        "SELECT ') k(p, q, r)'"));
    }

    @Test
    void seesWholeRowsWhoseColumnsMightBeCounted() {
        assertAll(
                CountedColumns::usesWholeRows,
                List.of(
                        "SELECT 1 FROM {t} x WHERE x.* = ROW(1, 2)",
                        "SELECT \"X\".*::text",
                        "SELECT s.count(x.*)",
                        "SELECT 1 FROM {t} old, s.u new WHERE old.* = new.*",
                        "CREATE TRIGGER tr WHEN (old.* IS DISTINCT FROM new.* AND new.* = ROW(1, 2))",
                        "CREATE TRIGGER tr WHEN (old.* IS DISTINCT FROM x.*)"),
                List.of(
                        "SELECT x.a * 2 FROM {t} x WHERE x.* IS NOT NULL OR x.* IS NULL",
                        "SELECT count(x.*), row_to_json(x.*) FROM {t} x",
                        "SELECT 1 OPERATOR(s.*) 2",
                        "SELECT 'x.*'",
                        "CREATE TRIGGER tr WHEN ((old.* IS DISTINCT FROM new.*) AND (old.* *<> new.*))",
                        "CREATE OR REPLACE RULE r AS ON UPDATE TO {t} WHERE (old.* <> new.*) DO INSTEAD NOTHING"));
    }

    @Test
    void seesRowsThatAreMade() {
        assertAll(
                it -> it.makesRows(TABLE),
                List.of("SELECT NULL::{t}", "SELECT '{}'::\"Or\"\"der; Täble\"[]", "SELECT ROW(1, 2)"),
                List.of("SELECT NULL::text FROM {t}", "SELECT \"ROW\"", "SELECT 'ROW(1)'"));
    }

    @Test
    void seesWhatIsGivenBack() {
        assertAll(
                CountedColumns::returnsRows,
                List.of("CREATE RULE r AS ON INSERT TO {t} DO INSTEAD INSERT INTO s.u (a) VALUES (1) RETURNING u.a"),
                List.of("CREATE RULE r AS ON INSERT TO {t} DO INSTEAD INSERT INTO s.u (returning) VALUES (1)"));
    }

    @Test
    void doesNotGuessWhereItCanNotRead() {
        assertThatThrownBy(() -> counted("SELECT 'x FROM {t}"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("in SQL of the server's own: SELECT 'x FROM");
    }
}
