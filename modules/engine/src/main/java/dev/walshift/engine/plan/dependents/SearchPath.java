package dev.walshift.engine.plan.dependents;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Binds a definition to another table than the one it names: the server writes it down while the schemas of the objects concerned are
 * searched, so that it has their names without a schema, and reads it while the schema of the new table is searched before them.
 *
 * @param made the schema of the new table, under the source's name, and of what is made over it
 * @param homes the schemas of the source, which comes first, and of all that hangs on it
 */
record SearchPath(Identifier made, List<Identifier> homes) {
    /** As everywhere else in walshift. */
    static final SqlText NONE = new SqlText("SET LOCAL search_path = pg_catalog, pg_temp");

    private static final SqlTemplate SET = SqlTemplate.of("SET LOCAL search_path = {schemas}, pg_temp");

    SearchPath {
        homes = List.copyOf(homes);
    }

    /** From here on the server writes names without the schema of the source. */
    void toWrite(Session session) throws SQLException {
        session.execute(SET.with("schemas", SqlText.list(homes)));
    }

    /** From here on names without a schema mean what is made, if there is such a thing. */
    SqlText toRead() {
        List<SqlPart> schemas = new ArrayList<>(homes);
        schemas.addFirst(made);
        return new SqlText(SET.with("schemas", SqlText.list(schemas)).sql());
    }
}
