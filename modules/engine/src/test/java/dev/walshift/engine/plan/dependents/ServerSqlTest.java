package dev.walshift.engine.plan.dependents;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.postgres.QualifiedName;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ServerSqlTest {
    private static final QualifiedName TABLE = QualifiedName.of("s", "Or\"der; Täble");
    private static final QualifiedName PROBE = QualifiedName.of("p", "x");
    private static final Map<QualifiedName, QualifiedName> OTHERS = Map.of(TABLE, PROBE);

    private static String all(String sql) {
        return new ServerSql(sql.replace("{t}", "s.\"Or\"\"der; Täble\""))
                .withAll(OTHERS)
                .sql()
                .replace(PROBE.sql(), "{p}");
    }

    @Test
    void replacesARelationWhereverItIsNamed() {
        assertThat(all("CREATE RULE r AS ON DELETE TO {t} DO UPDATE {t} SET a = ( SELECT b FROM ONLY {t} t_1)"))
                .isEqualTo("CREATE RULE r AS ON DELETE TO {p} DO UPDATE {p} SET a = ( SELECT b FROM ONLY {p} t_1)");
        assertThat(all("INSERT INTO {t} (a) VALUES (1)")).isEqualTo("INSERT INTO {p} (a) VALUES (1)");
    }

    @Test
    void replacesARelationInAConstantThatRefersToIt() {
        assertThat(all("SELECT '{t}'::regclass, '{t}[]'::regtype, 's.\"it''s\"({t})'::regprocedure, '{t}'::text"))
                .isEqualTo(
                        "SELECT  E'{p}'::regclass,  E'{p}[]'::regtype,  E's.\"it''s\"({p})'::regprocedure, '{t}'::text"
                                .replace("{t}", "s.\"Or\"\"der; Täble\""));
        String backslash = "SELECT E's.\"Or\"\"der; Täble\"\\\\'::regclass";
        assertThat(all(backslash)).isEqualTo(backslash);
    }

    @Test
    void leavesWhatOnlyLooksLikeIt() {
        for (String sql : List.of(
                "SELECT 's.\"Or\"\"der; Täble\"'",
                "SELECT E'\\\\ s.\"Or\"\"der; Täble\"'",
                "SELECT \"s.\"\"Or\"\"\"\"der; Täble\"\"\"",
                "SELECT a.s.\"Or\"\"der; Täble\"",
                "SELECT s.\"Or\"\"der; Täble\".a",
                "SELECT s.\"Or\"\"der; Täble\"(1)",
                "SELECT \"S\".\"Or\"\"der; Täble\"",
                "SELECT s.\"or\"\"der; täble\"")) {
            assertThat(all(sql)).isEqualTo(sql);
        }
    }

    @Test
    void replacesOnlyTheFirstIfAskedTo() {
        QualifiedName status = QualifiedName.of("status", "status");
        assertThat(new ServerSql("CREATE RULE r AS ON DELETE TO status.status DO SELECT status.status, s.o FROM s.o")
                        .withFirst(Map.of(status, PROBE, QualifiedName.of("s", "o"), PROBE))
                        .sql())
                .isEqualTo("CREATE RULE r AS ON DELETE TO \"p\".\"x\" DO SELECT status.status, \"p\".\"x\" FROM s.o");
    }

    /** JDBC takes a question mark for a parameter, or two for one. */
    @Test
    void keepsQuestionMarks() {
        assertThat(new ServerSql("SELECT j ? '?'").text().sql()).isEqualTo("SELECT j ?? '?'");
        assertThat(all("SELECT j ? '?' FROM {t}")).isEqualTo("SELECT j ?? '?' FROM {p}");
    }

    @Test
    void isNotGuessedWhereItCanNotBeRead() {
        assertThatThrownBy(() -> all("SELECT 'x FROM {t}"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("in SQL of the server's own: SELECT 'x FROM");
    }
}
