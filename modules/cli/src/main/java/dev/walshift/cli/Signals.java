package dev.walshift.cli;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears each SIGINT and SIGTERM. The JVM's own shutdown hooks run for the first one only.
 *
 * <p>By reflection: {@code sun.misc.Signal} (module jdk.unsupported) is the only way, but a JVM may be without it, and then the first
 * signal still works.
 */
final class Signals {
    private static final Logger LOG = LoggerFactory.getLogger(Signals.class);

    private static final int SIGINT = 2;
    private static final int SIGTERM = 15;

    private Signals() {}

    /**
     * From now on a signal no longer ends the process by itself.
     *
     * @param first run for the first signal, with its number; may block
     * @param again run for each further one, in a thread of its own
     */
    static void handle(IntConsumer first, Runnable again) {
        AtomicInteger heard = new AtomicInteger();
        IntConsumer handler = number -> {
            if (heard.getAndIncrement() == 0) {
                first.accept(number);
            } else {
                again.run();
            }
        };
        try {
            handle("INT", () -> handler.accept(SIGINT));
            handle("TERM", () -> handler.accept(SIGTERM));
        } catch (ReflectiveOperationException e) {
            LOG.debug("this JVM lets no program hear signals", e);
        }
    }

    private static void handle(String name, Runnable action) throws ReflectiveOperationException {
        Class<?> signal = Class.forName("sun.misc.Signal");
        Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
        Object handler = Proxy.newProxyInstance(
                Signals.class.getClassLoader(), new Class<?>[] {handlerType}, (proxy, method, arguments) -> {
                    if (method.getName().equals("handle")) {
                        action.run();
                        return null;
                    }
                    return method.invoke(action, arguments);
                });
        try {
            signal.getMethod("handle", signal, handlerType)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), handler);
        } catch (InvocationTargetException e) {
            // -Xrs, or a debugger that wants it for itself.
            LOG.debug("SIG{} is left to the JVM", name, e.getCause());
        }
    }
}
