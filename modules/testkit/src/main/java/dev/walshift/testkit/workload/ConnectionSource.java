package dev.walshift.testkit.workload;

import java.sql.Connection;
import java.sql.SQLException;

/** Opens sessions, in auto-commit mode; any thread. */
@FunctionalInterface
public interface ConnectionSource {
    Connection connect() throws SQLException;
}
