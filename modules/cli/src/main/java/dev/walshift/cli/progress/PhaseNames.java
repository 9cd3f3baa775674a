package dev.walshift.cli.progress;

import dev.walshift.engine.migration.Phase;

/** What the phases are called in output. */
public final class PhaseNames {
    private PhaseNames() {}

    public static String forPeople(Phase phase) {
        return switch (phase) {
            case PLAN -> "plan";
            case PREPARE -> "prepare";
            case COPY -> "copy";
            case INDEX -> "index";
            case CATCH_UP -> "catch up";
            case VERIFY -> "verify";
            case CUT_OVER -> "cut over";
            case FINISH -> "finish";
        };
    }

    public static String inJson(Phase phase) {
        return switch (phase) {
            case PLAN -> "plan";
            case PREPARE -> "prepare";
            case COPY -> "copy";
            case INDEX -> "index";
            case CATCH_UP -> "catchUp";
            case VERIFY -> "verify";
            case CUT_OVER -> "cutOver";
            case FINISH -> "finish";
        };
    }
}
