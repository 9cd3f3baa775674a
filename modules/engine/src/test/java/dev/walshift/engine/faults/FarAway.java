package dev.walshift.engine.faults;

import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import javax.net.SocketFactory;

/** Sockets to a server that is far away, for pgjdbc's {@code socketFactory}: what is sent arrives a round trip later. */
public final class FarAway extends SocketFactory {
    static final Duration ROUND_TRIP = Duration.ofMillis(5);

    /** Called by pgjdbc. */
    public FarAway() {}

    /** A JDBC URL over this network. */
    static String url(String url) {
        return "%s&socketFactory=%s".formatted(url, FarAway.class.getName());
    }

    @Override
    public Socket createSocket() {
        return new FarSocket();
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        throw new UnsupportedOperationException("pgjdbc connects itself");
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        throw new UnsupportedOperationException("pgjdbc connects itself");
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        throw new UnsupportedOperationException("pgjdbc connects itself");
    }

    @Override
    public Socket createSocket(InetAddress address, int port, InetAddress localAddress, int localPort)
            throws IOException {
        throw new UnsupportedOperationException("pgjdbc connects itself");
    }

    private static final class FarSocket extends Socket {
        @Override
        public OutputStream getOutputStream() throws IOException {
            return new Late(super.getOutputStream());
        }
    }

    /** Holds back what pgjdbc flushes, which it does once before it waits for an answer. */
    private static final class Late extends FilterOutputStream {
        Late(OutputStream out) {
            super(new BufferedOutputStream(out));
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            out.write(bytes, offset, length);
        }

        @Override
        public void flush() throws IOException {
            LockSupport.parkNanos(ROUND_TRIP.toNanos());
            out.flush();
        }
    }
}
