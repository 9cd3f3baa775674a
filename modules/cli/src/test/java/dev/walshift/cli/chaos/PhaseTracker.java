package dev.walshift.cli.chaos;

import dev.walshift.engine.migration.Phase;
import dev.walshift.testkit.fault.ClientMessage;
import dev.walshift.testkit.fault.FaultProxy;
import dev.walshift.testkit.fault.Verdict;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Knows from its messages to the server in which phase a process of walshift is, and does something at a chosen message. Progress in its
 * output comes ten times a second: too seldom for phases of some milliseconds.
 *
 * <p>One process after the other. Any thread.
 */
final class PhaseTracker implements FaultProxy.Observer {
    private static final String CUTOVER = "walshift cutover";
    private static final int FEW = 8;

    /**
     * A message's place.
     *
     * @param messages in this phase so far, this one among them
     * @param underLock whether the cutover holds ACCESS EXCLUSIVE
     */
    record Place(Phase phase, int messages, boolean underLock, ClientMessage message) {
        /** The COMMIT of the swap, no other one of the cutover or, meanwhile, of other sessions. */
        boolean isSwapCommit() {
            return underLock
                    && message.application().equals(CUTOVER)
                    && message.sql().equals("COMMIT");
        }
    }

    /** What is done when. */
    private record Trap(Predicate<Place> when, Supplier<Verdict> action, CompletableFuture<Phase> sprung) {}

    private final Map<Phase, Integer> most = new EnumMap<>(Phase.class);
    private Phase phase = Phase.PLAN;
    private int messages;
    private boolean swapped;
    private boolean lockAsked;
    private boolean underLock;
    private Optional<Trap> trap = Optional.empty();

    /**
     * Another process begins.
     *
     * @param alreadySwapped whether the journal says that the tables are swapped
     */
    synchronized void begin(boolean alreadySwapped) {
        enter(Phase.PLAN);
        swapped = alreadySwapped;
        lockAsked = false;
        underLock = false;
        trap = Optional.empty();
    }

    /**
     * Does {@code action} at the first message where {@code when} holds, once.
     *
     * @return completes with the phase when it is done
     */
    synchronized CompletableFuture<Phase> arm(Predicate<Place> when, Supplier<Verdict> action) {
        Trap armed = new Trap(when, action, new CompletableFuture<>());
        trap = Optional.of(armed);
        return armed.sprung();
    }

    synchronized void disarm() {
        trap = Optional.empty();
    }

    /** The most messages that a process has sent in a phase until now. */
    synchronized int most(Phase inPhase) {
        return Math.max(FEW, most.getOrDefault(inPhase, 0));
    }

    /** Whether a process was seen in this phase. */
    synchronized boolean hasSeen(Phase sought) {
        return most.containsKey(sought);
    }

    @Override
    public Verdict verdict(ClientMessage message) {
        Place place = note(message);
        Optional<Trap> hit = take(place);
        if (hit.isEmpty()) {
            return Verdict.FORWARD;
        }
        Verdict verdict = hit.get().action().get();
        hit.get().sprung().complete(place.phase());
        return verdict;
    }

    private synchronized Optional<Trap> take(Place place) {
        Optional<Trap> hit = trap.filter(armed -> armed.when().test(place));
        if (hit.isPresent()) {
            trap = Optional.empty();
        }
        return hit;
    }

    private synchronized Place note(ClientMessage message) {
        Phase next = phaseOf(message);
        if (next != phase) {
            enter(next);
        }
        messages++;
        most.merge(phase, messages, Math::max);
        noteLock(message);
        return new Place(phase, messages, underLock, message);
    }

    private void enter(Phase next) {
        phase = next;
        messages = 0;
    }

    /** A session waits for each answer: the statement after LOCK is sent when the lock is granted. */
    private void noteLock(ClientMessage message) {
        if (message.sql().contains("'%s'".formatted(CUTOVER))) {
            lockAsked = false;
            underLock = false;
        } else if (message.application().equals(CUTOVER) && !message.sql().isEmpty()) {
            underLock |= lockAsked;
            lockAsked |= message.sql().endsWith("IN ACCESS EXCLUSIVE MODE");
        }
    }

    /** A process goes through the phases in order, unless it begins anew with a session of this name. */
    private Phase phaseOf(ClientMessage message) {
        if (message.sql().contains("'walshift migration'")) {
            return Phase.PLAN;
        }
        Phase found = switch (message.application()) {
            case "walshift prepare" -> Phase.PREPARE;
            case "walshift copy" -> Phase.COPY;
            case "walshift index" -> Phase.INDEX;
            case "walshift sync" -> message.sql().contains("*<>") ? Phase.VERIFY : Phase.CATCH_UP;
            case CUTOVER -> Phase.CUT_OVER;
            case "walshift migration" -> isCleaningUp(message) ? Phase.FINISH : phase;
            default -> phase;
        };
        return found.compareTo(phase) > 0 ? found : phase;
    }

    private boolean isCleaningUp(ClientMessage message) {
        return (swapped || phase == Phase.CUT_OVER) && message.sql().startsWith("DROP PUBLICATION");
    }
}
