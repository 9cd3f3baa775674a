package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.Problem;
import dev.walshift.engine.table.Dependents;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What became of some dependents.
 *
 * @param answeredFor those that are carried, or refused in {@code problems}
 * @param dependents how the swap carries them
 * @param problems what can't be carried, or tried, by name and with the remedy
 * @param notices what the operator should know
 */
public record Carried(Set<Dependent> answeredFor, Dependents dependents, List<Problem> problems, List<String> notices) {
    static final Carried NOTHING = new Carried(Set.of(), Dependents.NONE, List.of(), List.of());

    public Carried {
        answeredFor = Set.copyOf(answeredFor);
        problems = List.copyOf(problems);
        notices = List.copyOf(notices);
    }

    Carried and(Carried others) {
        Set<Dependent> all = new HashSet<>(answeredFor);
        all.addAll(others.answeredFor);
        List<Problem> allProblems = new ArrayList<>(problems);
        allProblems.addAll(others.problems);
        List<String> allNotices = new ArrayList<>(notices);
        allNotices.addAll(others.notices);
        return new Carried(all, dependents.and(others.dependents), allProblems, allNotices);
    }
}
