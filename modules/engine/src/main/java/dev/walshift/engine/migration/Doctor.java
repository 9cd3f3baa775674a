package dev.walshift.engine.migration;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.journal.Journal;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Session;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds what crashes, lost journals and interrupted removals have left in a database, and cleans it: objects of migrations that the journal
 * says are over, or does not know.
 *
 * <p>It removes nothing of a migration that can go on, and nothing without the proof that it is walshift's; see {@link Leftovers}.
 */
public final class Doctor {
    private final Database database;
    private final MigrationSettings settings;
    private final Journal journal = new Journal();

    public Doctor(Database database) {
        this(database, MigrationSettings.DEFAULT);
    }

    /**
     * A doctor with settings of its own.
     *
     * @param settings how patient it is with locks on the application's tables
     */
    public Doctor(Database database, MigrationSettings settings) {
        this.database = database;
        this.settings = settings;
    }

    /** Looks, and touches nothing. */
    public List<Finding> examine() throws SQLException {
        try (Session session = database.open("doctor")) {
            return diagnose(session).stream().map(Diagnosis.Case::finding).toList();
        }
    }

    /**
     * Removes, or puts right, all findings that are {@link Finding#cleanable}.
     *
     * @return what was done about each of them, in order
     */
    public List<Treatment> clean() throws SQLException {
        try (Session session = database.open("doctor")) {
            List<Treatment> treatments = new ArrayList<>();
            Set<Optional<Long>> notPutRight = new HashSet<>();
            for (Diagnosis.Case found : diagnose(session)) {
                if (found.finding().cleanable()) {
                    Treatment treatment = notPutRight.contains(found.finding().migration())
                            ? new Treatment(
                                    found.finding(), Optional.of("kept until what comes before it is put right"))
                            : treat(session, found);
                    treatments.add(treatment);
                    if (treatment.failure().isPresent()
                            && found.finding().kind().changesTheSource()) {
                        notPutRight.add(found.finding().migration());
                    }
                }
            }
            return treatments;
        }
    }

    private static Treatment treat(Session session, Diagnosis.Case found) {
        try {
            found.cure().apply(session);
            return new Treatment(found.finding(), Optional.empty());
        } catch (SQLException | MigrationException e) {
            return new Treatment(found.finding(), Optional.of(String.valueOf(e.getMessage())));
        }
    }

    /**
     * Objects first, then the journal: a migration that begins meanwhile has its entry before its objects. One that ends meanwhile has
     * lost its objects before its entry says so, hence the second look at them.
     */
    private List<Diagnosis.Case> diagnose(Session session) throws SQLException {
        Leftovers before = Leftovers.read(session);
        boolean hasJournal = journal.exists(session);
        List<Journal.Unfinished> unfinished = hasJournal ? journal.allUnfinished(session) : List.of();
        Leftovers present = Leftovers.read(session).alsoIn(before);
        return new Diagnosis(session, journal, settings, hasJournal, unfinished).of(present);
    }
}
