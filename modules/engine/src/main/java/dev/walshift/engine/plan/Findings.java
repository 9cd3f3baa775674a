package dev.walshift.engine.plan;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import java.util.ArrayList;
import java.util.List;

/** Collects what one look at a table finds, so that the operator learns all of it at once. */
final class Findings {
    private final List<Problem> problems = new ArrayList<>();
    private final List<Problem> shadowProblems = new ArrayList<>();
    private final List<String> notices = new ArrayList<>();
    private final List<String> shadowNotices = new ArrayList<>();

    /** Something that stands in the way whatever the strategy. */
    void problem(ProblemCode code, String message, String remedy) {
        problems.add(new Problem(code, message, remedy));
    }

    void problem(Problem problem) {
        problems.add(problem);
    }

    /** Something that only stands in the way of a shadow table. */
    void shadowProblem(ProblemCode code, String message, String remedy) {
        shadowProblem(new Problem(code, message, remedy));
    }

    void shadowProblem(Problem problem) {
        shadowProblems.add(problem);
    }

    void notice(String notice) {
        notices.add(notice);
    }

    /** What matters only for a shadow table. */
    void shadowNotice(String notice) {
        shadowNotices.add(notice);
    }

    boolean has(ProblemCode code) {
        return problems(Strategy.SHADOW).stream().anyMatch(problem -> problem.code() == code);
    }

    List<Problem> problems(Strategy strategy) {
        List<Problem> all = new ArrayList<>(problems);
        if (strategy == Strategy.SHADOW) {
            all.addAll(shadowProblems);
        }
        return all;
    }

    List<String> notices(Strategy strategy) {
        List<String> all = new ArrayList<>(notices);
        if (strategy == Strategy.SHADOW) {
            all.addAll(shadowNotices);
        }
        return all;
    }
}
