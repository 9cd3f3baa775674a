package dev.walshift.engine.rules;

import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.SQLException;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** For each test a database of its own, in which {@link Scene#SOURCE} has {@link FatRows}. */
final class FatTable implements BeforeEachCallback, AfterEachCallback {
    private final int rows;
    private TestDatabase database;

    /** @param rows see {@link FatRows#create} */
    FatTable(int rows) {
        this.rows = rows;
    }

    TestDatabase database() {
        return database;
    }

    @Override
    public void beforeEach(ExtensionContext context) throws SQLException {
        database = SharedServers.freshDatabase();
        for (String statement : FatRows.create(rows)) {
            database.execute(Scene.sql(statement).sql());
        }
    }

    @Override
    public void afterEach(ExtensionContext context) throws SQLException {
        database.close();
    }
}
