package dev.walshift.cli;

/** How the process ends; stable, for scripts. */
enum ExitCode {
    DONE(0),
    /** Wrong options, or a wrong configuration file. Nothing was touched. */
    WRONG_USAGE(2),
    /** The plan found something in the way. Nothing was touched. */
    REFUSED(3),
    /** It failed; what had been made was removed. */
    FAILED(4),
    /** It stopped on the way, or never came to know how far an earlier run was; the same command goes on from there. */
    INTERRUPTED(5),
    /** The doctor found something that has to be done about. */
    FOUND(6);

    private final int number;

    ExitCode(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }
}
