package dev.walshift.postgres;

import java.sql.SQLException;

/** The SQLSTATEs that callers act on (PostgreSQL: src/backend/utils/errcodes.txt). */
public final class SqlStates {
    public static final String LOCK_NOT_AVAILABLE = "55P03";
    public static final String QUERY_CANCELED = "57014";
    public static final String DEADLOCK_DETECTED = "40P01";
    public static final String SERIALIZATION_FAILURE = "40001";
    public static final String UNIQUE_VIOLATION = "23505";
    public static final String EXCLUSION_VIOLATION = "23P01";
    public static final String UNDEFINED_TABLE = "42P01";
    public static final String UNDEFINED_OBJECT = "42704";
    public static final String OBJECT_IN_USE = "55006";
    public static final String INSUFFICIENT_PRIVILEGE = "42501";
    public static final String INVALID_FOREIGN_KEY = "42830";
    public static final String INVALID_PARAMETER_VALUE = "22023";
    public static final String DEPENDENT_OBJECTS_STILL_EXIST = "2BP01";

    private SqlStates() {}

    public static boolean is(SQLException e, String state) {
        return state.equals(e.getSQLState());
    }

    /** Whether a row collided with another one in a unique or exclusion constraint. */
    public static boolean isCollision(SQLException e) {
        return is(e, UNIQUE_VIOLATION) || is(e, EXCLUSION_VIOLATION);
    }

    /** Whether a fresh transaction doing the same may succeed. */
    public static boolean isConflict(SQLException e) {
        return is(e, DEADLOCK_DETECTED) || is(e, SERIALIZATION_FAILURE);
    }

    /** Whether the session is gone and the server did not say why: class 08. */
    public static boolean isNetworkLost(SQLException e) {
        return String.valueOf(e.getSQLState()).startsWith("08");
    }

    /** Whether the session is gone: class 08, or the server ended it (57P01 to 57P05, 25P03, 25P04). */
    public static boolean isConnectionLost(SQLException e) {
        String state = e.getSQLState();
        return state != null
                && (isNetworkLost(e) || state.startsWith("57P") || state.equals("25P03") || state.equals("25P04"));
    }

    /**
     * Whether the failure lies in the server's circumstances and not in what was asked: a lost connection, resources (class 53), an
     * operator's intervention (57), a system error (58), a lock or conflict.
     */
    public static boolean isPassing(SQLException e) {
        String state = String.valueOf(e.getSQLState());
        return isConnectionLost(e)
                || isConflict(e)
                || state.startsWith("53")
                || state.startsWith("57")
                || state.startsWith("58")
                || state.equals(LOCK_NOT_AVAILABLE);
    }
}
