package dev.walshift.cli.chaos;

import dev.walshift.engine.migration.Phase;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/** What goes wrong. */
enum FaultKind {
    /** SIGKILL. */
    KILL(30),
    /** SIGTERM. */
    TERM(7, "STOPPED"),
    /** pg_terminate_backend of one session of walshift's, the walsender included. */
    TERMINATE_BACKEND(14, Codes.LOST),
    /** An immediate stop of the server, and its start; the application loses its connections too. */
    SERVER_CRASH(8, Codes.LOST),
    /** All of walshift's connections are reset. */
    CUT(12, Codes.LOST),
    /** Nothing gets through for some seconds; then the connections are reset. */
    BLACK_HOLE(6, Codes.LOST),
    /** SIGSTOP for a while, then SIGCONT or SIGKILL. */
    HANG(6),
    /** The same while it holds ACCESS EXCLUSIVE on the table. */
    HANG_UNDER_LOCK(30, Phase.CUT_OVER),
    /** The connection is reset when the swap's COMMIT is sent, which the server never gets. */
    CUT_BEFORE_COMMIT(30, Phase.CUT_OVER),
    /** The server gets the swap's COMMIT, walshift never gets the answer. */
    CUT_AFTER_COMMIT(30, Phase.CUT_OVER);

    /** Problem codes of the public output. */
    private static final class Codes {
        static final String[] LOST = {"CONNECTION_FAILED", "SERVER_UNAVAILABLE", "SERVER_ERROR", "STREAM_FAILED"};
    }

    private final int weight;
    private final Optional<Phase> only;

    @SuppressWarnings("ImmutableEnumChecker") // An unmodifiable set.
    private final Set<String> explained;

    FaultKind(int weight, String... explained) {
        this.weight = weight;
        this.only = Optional.empty();
        this.explained = Set.of(explained);
    }

    FaultKind(int weight, Phase only) {
        this.weight = weight;
        this.only = Optional.of(only);
        this.explained = Set.of();
    }

    /** Any that is possible in a phase, by weight. */
    static FaultKind draw(Phase phase, Random random) {
        List<FaultKind> possible = List.of(values()).stream()
                .filter(kind -> kind.only.filter(other -> other != phase).isEmpty())
                .toList();
        int rest =
                random.nextInt(possible.stream().mapToInt(kind -> kind.weight).sum());
        for (FaultKind kind : possible) {
            rest -= kind.weight;
            if (rest < 0) {
                return kind;
            }
        }
        throw new IllegalStateException("drew beyond the sum of weights");
    }

    /** Whether walshift may fail with this problem because of it, nothing being touched or all removed. */
    boolean explains(String problemCode) {
        return explained.contains(problemCode);
    }

    /** Whether walshift may stop half-way because of it (exit code 5). What hits the swap's session only must not stop the run. */
    boolean interrupts() {
        return !explained.isEmpty();
    }

    /** Whether it happens at one certain message, so that it has happened already when we hear of it. */
    boolean hitsOneMessage() {
        return this == HANG_UNDER_LOCK || this == CUT_BEFORE_COMMIT || this == CUT_AFTER_COMMIT;
    }

    /** Whether the process may be ended by SIGKILL. */
    boolean mayKill() {
        return this == KILL || this == HANG || this == HANG_UNDER_LOCK;
    }

    /** Whether the application's own connections may be lost by it. */
    boolean hitsTheApplication() {
        return this == SERVER_CRASH;
    }
}
