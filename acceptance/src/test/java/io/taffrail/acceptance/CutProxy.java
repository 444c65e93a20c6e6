package io.taffrail.acceptance;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Stands in front of an address: passes bytes, holds them, delays them, cuts connections. What is held or delayed is
/// never lost, as TCP would have it; a cut loses what was under way.
final class CutProxy implements AutoCloseable {
    private static final int CHUNK_BYTES = 64 << 10;
    private static final int CONNECT_TIMEOUT_MILLIS = 1_000;

    private final ServerSocket server;
    private volatile InetSocketAddress target;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean holding;
    private int leastDelayMillis;
    private int mostDelayMillis;
    private volatile boolean closed;

    CutProxy(String target) {
        this.target = parse(target);
        try {
            server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException none) {
            throw new UncheckedIOException(none);
        }
        Thread.ofVirtual().start(this::accept);
    }

    private static InetSocketAddress parse(String address) {
        var colon = address.lastIndexOf(':');
        return new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
    }

    /// Where connections lead that are made from now on.
    void lead(String nextTarget) {
        target = parse(nextTarget);
    }

    String address() {
        return "127.0.0.1:" + server.getLocalPort();
    }

    /// Nothing comes through in either direction, and nobody is told.
    void hold() {
        set(true, leastDelayMillis, mostDelayMillis);
    }

    void pass() {
        set(false, leastDelayMillis, mostDelayMillis);
    }

    /// Each chunk comes so much later than the one before it was passed on.
    void delay(int leastMillis, int mostMillis) {
        set(holding, leastMillis, mostMillis);
    }

    /// Ends the connections that there are.
    void cut() {
        sockets.forEach(CutProxy::close);
        sockets.clear();
    }

    private void set(boolean hold, int leastMillis, int mostMillis) {
        lock.lock();
        try {
            holding = hold;
            leastDelayMillis = leastMillis;
            mostDelayMillis = mostMillis;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void accept() {
        while (!closed) {
            try {
                var near = server.accept();
                Thread.ofVirtual().start(() -> serve(near));
            } catch (IOException ended) {
                return;
            }
        }
    }

    private void serve(Socket near) {
        var far = new Socket();
        sockets.add(near);
        sockets.add(far);
        try {
            near.setTcpNoDelay(true);
            far.setTcpNoDelay(true);
            far.connect(target, CONNECT_TIMEOUT_MILLIS);
            var back = Thread.ofVirtual().start(() -> copy(far, near));
            copy(near, far);
            back.join();
        } catch (IOException refused) {
            close(near);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } finally {
            sockets.remove(near);
            sockets.remove(far);
            close(near);
            close(far);
        }
    }

    private void copy(Socket from, Socket to) {
        var random = new Random();
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            var chunk = new byte[CHUNK_BYTES];
            for (var read = in.read(chunk); read >= 0; read = in.read(chunk)) {
                awaitPassage(random);
                out.write(chunk, 0, read);
            }
        } catch (IOException cut) {
            // Both ends are told below.
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        close(from);
        close(to);
    }

    private void awaitPassage(Random random) throws InterruptedException {
        int delayMillis;
        lock.lock();
        try {
            while (holding) {
                changed.await();
            }
            delayMillis = mostDelayMillis == 0 ? 0 : random.nextInt(leastDelayMillis, mostDelayMillis + 1);
        } finally {
            lock.unlock();
        }
        TimeUnit.MILLISECONDS.sleep(delayMillis);
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException gone) {
            // That is what was wanted.
        }
    }

    @Override
    public void close() {
        closed = true;
        pass();
        try {
            server.close();
        } catch (IOException gone) {
            // That is what was wanted.
        }
        cut();
    }
}
