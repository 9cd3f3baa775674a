package dev.walshift.testkit.fault;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A network between clients and a server that can be cut or go silent. It understands as much of PostgreSQL's protocol, without TLS, as it
 * takes to do that at a chosen message. The server may be stopped and started meanwhile. Any thread may call any method.
 */
public final class FaultProxy implements AutoCloseable {
    /** Looks at each message before it is forwarded; called by the connections' own threads, several at once. */
    @FunctionalInterface
    public interface Observer {
        Verdict verdict(ClientMessage message);
    }

    private final ServerSocket listening;
    private final InetSocketAddress target;
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private final Thread acceptor;
    private volatile Observer observer = message -> Verdict.FORWARD;
    private volatile boolean silent;

    private FaultProxy(ServerSocket listening, InetSocketAddress target) {
        this.listening = listening;
        this.target = target;
        this.acceptor = Thread.ofVirtual().name("fault proxy").unstarted(this::accept);
    }

    /** Listens on a free port of the loopback address for clients of {@code host:port}. */
    public static FaultProxy start(String host, int port) {
        try {
            ServerSocket listening = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
            FaultProxy proxy = new FaultProxy(listening, new InetSocketAddress(host, port));
            proxy.acceptor.start();
            return proxy;
        } catch (IOException e) {
            throw new UncheckedIOException("no proxy before %s:%d".formatted(host, port), e);
        }
    }

    /** Where clients connect to. */
    public int port() {
        return listening.getLocalPort();
    }

    /** From now on {@code newObserver} sees every message, in the place of the former one. */
    public void observe(Observer newObserver) {
        observer = newObserver;
    }

    /** Resets all connections, on both sides. */
    public void cut() {
        links.forEach(Link::reset);
    }

    /**
     * A black hole: from now on nothing gets through in either direction, the end of a connection included; new connections are accepted
     * and hear nothing.
     */
    public void goSilent() {
        silent = true;
    }

    /** Ends the silence: all connections are reset, and new ones get through. */
    public void speakAgain() {
        silent = false;
        cut();
    }

    boolean isSilent() {
        return silent;
    }

    Verdict verdict(ClientMessage message) {
        return observer.verdict(message);
    }

    void ended(Link link) {
        links.remove(link);
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                Socket client = listening.accept();
                Link link = new Link(this, client);
                links.add(link);
                link.start(target);
            } catch (IOException e) {
                if (!listening.isClosed()) {
                    throw new UncheckedIOException("the proxy can accept no more connections", e);
                }
            }
        }
    }

    /** Resets all connections and listens no more. */
    @Override
    public void close() {
        try {
            listening.close();
            acceptor.join();
        } catch (IOException e) {
            throw new UncheckedIOException("the proxy's socket does not close", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        cut();
    }
}
