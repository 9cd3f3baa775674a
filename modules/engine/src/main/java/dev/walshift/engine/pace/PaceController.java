package dev.walshift.engine.pace;

import dev.walshift.engine.StopSignal;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Session;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after the server, its replicas and the application while a migration runs, in a thread and a session of its own, and sets the
 * workers' pace by it. A session that it loses is opened again; until then nothing can be measured, and work slows down.
 */
public final class PaceController implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(PaceController.class);
    private static final Duration INTERVAL = Duration.ofMillis(500);

    /** How old a comparison with the server without us may be when it makes us slower. */
    private static final Duration CALIBRATION_HOLDS = Duration.ofSeconds(10);

    /** How old it may be when it finds nothing wrong although commits are slow: by now they may be so because of us. */
    private static final Duration CALIBRATION_IS_OLD = Duration.ofSeconds(30);

    /** A commit that takes longer than this without us might be quicker by now. */
    private static final Duration QUICK = Duration.ofMillis(3);

    /** After the pieces that are under way. */
    private static final Duration SETTLES = Duration.ofMillis(100);

    private static final Duration LONGEST_REST = Duration.ofSeconds(3);

    /** What we ask takes milliseconds: after so long without an answer there is no network any more. */
    private static final Duration NETWORK_TIMEOUT = Duration.ofSeconds(20);

    /** A commit that waits for a standby must not keep us from looking for a file, or an order, to stop. */
    private static final Duration LONGEST_LOOK = Duration.ofSeconds(4);

    private static final Duration CANCEL_AGAIN = Duration.ofMillis(200);

    private final Database database;
    private final PaceSettings settings;
    private final Orders orders;
    private final Signals signals;
    private final Throttle throttle;
    private final PaceNews news;
    private final ShareControl control;
    private final StopSignal stop = new StopSignal();
    private final Thread thread;
    private volatile Optional<Session> session = Optional.empty();
    private final AtomicLong looks = new AtomicLong();
    private Optional<Long> calibratedAt = Optional.empty();

    /** What somebody ordered meanwhile, which goes over the settings. */
    @FunctionalInterface
    public interface Orders {
        /** The latest order, if there is one. */
        Optional<PaceMode> latest(Session session) throws SQLException;
    }

    private PaceController(
            Database database,
            PaceSettings settings,
            Orders orders,
            String slot,
            Throttle throttle,
            Consumer<PaceChange> events) {
        this.database = database;
        this.settings = settings;
        this.orders = orders;
        this.signals = new Signals(settings, slot);
        this.throttle = throttle;
        double most = Tolerance.of(settings.modeInEffect()).mostShare();
        this.control = new ShareControl(most, System::nanoTime);
        this.news = new PaceNews(most, events, System::nanoTime);
        this.thread = Thread.ofPlatform().name("walshift-pace").unstarted(this::run);
    }

    /**
     * Starts the thread. Nobody works by {@code throttle} before the server was measured without us.
     *
     * @param slot the name of the migration's own slot
     * @param throttle whose share is set
     * @param events told every change of pace; called by the controller's thread
     */
    public static PaceController start(
            Database database,
            PaceSettings settings,
            Orders orders,
            String slot,
            Throttle throttle,
            Consumer<PaceChange> events) {
        PaceController controller = new PaceController(database, settings, orders, slot, throttle, events);
        controller.thread.start();
        return controller;
    }

    private void run() {
        try {
            do {
                cancelIfItTakesTooLong(looks.incrementAndGet());
                Reading reading = look();
                control.take(reading.level());
                throttle.set(control.share(), control.most(), reading.reason());
                throttle.rest(false);
                news.share(control.share(), control.most(), reading.reason());
            } while (!stop.await(INTERVAL));
        } finally {
            closeSession();
        }
    }

    private void cancelIfItTakesTooLong(long look) {
        CompletableFuture.delayedExecutor(LONGEST_LOOK.toMillis(), TimeUnit.MILLISECONDS)
                .execute(() -> {
                    if (look == looks.get() && !stop.isRaised()) {
                        cancel();
                        cancelIfItTakesTooLong(look);
                    }
                });
    }

    private Reading look() {
        try {
            return look(open());
        } catch (SQLException e) {
            closeSession();
            log.debug("the pace can't be measured", e);
            return Reading.unknown("the server can't be measured: " + e.getMessage());
        } catch (RuntimeException e) {
            // Or else the workers would wait for ever.
            log.warn("an error in walshift itself, please report it; it goes on slowly", e);
            return Reading.unknown("an error in walshift itself, please report it: " + e);
        }
    }

    private Reading look(Session open) throws SQLException {
        PaceMode mode = orders.latest(open).orElse(settings.modeInEffect());
        Tolerance tolerance = Tolerance.of(mode);
        control.most(tolerance.mostShare());
        if (mode == PaceMode.STOP) {
            return Reading.still("it was told to stop (walshift pace)");
        }
        signals.lookAtRights(open);
        Reading wanted = signals.wanted(open, tolerance);
        if (mode == PaceMode.FULL || wanted.level() == Reading.Level.STILL) {
            return wanted;
        }
        if (calibratedAt.isPresent() && !throttle.isInUse()) {
            // Nobody who could be slower, and nobody who could be to blame.
            return wanted;
        }
        return Reading.worst(List.of(wanted, signals.limits(open, tolerance), compared(open, tolerance)));
    }

    private Reading compared(Session open, Tolerance tolerance) throws SQLException {
        if (signals.isAlone(open)) {
            control.full();
            return Reading.FINE;
        }
        if (calibratedAt.isEmpty()) {
            calibrate(open);
            control.slowStart();
        }
        Reading reading = signals.compared(open, tolerance);
        boolean bad = reading.level() == Reading.Level.SLOW || reading.level() == Reading.Level.UNKNOWN;
        if (bad && isOlderThan(CALIBRATION_HOLDS)) {
            // Perhaps it is somebody else's doing: what comes next is compared with the server as it is now.
            calibrate(open);
            return Reading.FINE;
        }
        if (signals.commitWithout().compareTo(QUICK) > 0 && isOlderThan(CALIBRATION_IS_OLD)) {
            calibrate(open);
        }
        return reading;
    }

    /** Measures the server while no worker of ours works. */
    private void calibrate(Session open) throws SQLException {
        throttle.rest(true);
        if (throttle.isInUse()) {
            Duration pieces = throttle.longestPiece().plus(SETTLES);
            boolean unused = stop.await(pieces.compareTo(LONGEST_REST) < 0 ? pieces : LONGEST_REST);
        }
        signals.calibrate(open, stop);
        calibratedAt = Optional.of(System.nanoTime());
    }

    private boolean isOlderThan(Duration age) {
        return calibratedAt.filter(at -> System.nanoTime() - at > age.toNanos()).isPresent();
    }

    private Session open() throws SQLException {
        if (session.isEmpty()) {
            Session opened = database.open("pace");
            session = Optional.of(opened);
            opened.connection().setNetworkTimeout(Runnable::run, Math.toIntExact(NETWORK_TIMEOUT.toMillis()));
        }
        return session.get();
    }

    private void closeSession() {
        try {
            if (session.isPresent()) {
                session.get().close();
            }
        } catch (SQLException e) {
            log.debug("the session was lost", e);
        }
        session = Optional.empty();
    }

    /** Ends the thread and the session; a commit that waits for a standby is not waited for. */
    @Override
    public void close() {
        stop.raise();
        try {
            while (!thread.join(CANCEL_AGAIN)) {
                cancel();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void cancel() {
        try {
            Optional<Session> open = session;
            if (open.isPresent()) {
                open.get().cancel();
            }
        } catch (SQLException e) {
            log.debug("the statement ends by itself, or with the connection", e);
        }
    }
}
