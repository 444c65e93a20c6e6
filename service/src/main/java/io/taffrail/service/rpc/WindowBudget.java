package io.taffrail.service.rpc;

import java.util.concurrent.atomic.AtomicLong;

/// Flow control windows out of one sum: what a window lets in and nobody reads is memory of this process, whatever is
/// counted of requests. The first connections are given much, later ones less, each its least. Any thread.
final class WindowBudget {
    /// So much for any connection, beyond the sum if need be.
    static final int LEAST_BYTES = 256 << 10;
    /// Of what is left, for one connection.
    private static final int SHARE = 8;
    /// Of a connection's window, for one call: one that is not read leaves room for others.
    private static final int CALLS_AT_ONCE = 4;

    private final AtomicLong leftBytes;
    private final int mostBytes;
    private final int mostCallBytes;

    /// @param sumBytes of all connections, as far as it goes
    /// @param mostBytes for one connection, `mostCallBytes` for one call
    WindowBudget(long sumBytes, int mostBytes, int mostCallBytes) {
        this.leftBytes = new AtomicLong(sumBytes);
        this.mostBytes = mostBytes;
        this.mostCallBytes = mostCallBytes;
    }

    /// For a new connection.
    int take() {
        while (true) {
            var left = leftBytes.get();
            var window = Math.clamp(left / SHARE, LEAST_BYTES, mostBytes);
            if (leftBytes.compareAndSet(left, left - window)) {
                return window;
            }
        }
    }

    int callWindow(int connectionWindow) {
        return Math.min(mostCallBytes, connectionWindow / CALLS_AT_ONCE);
    }

    void giveBack(int window) {
        leftBytes.addAndGet(window);
    }
}
