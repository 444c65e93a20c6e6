package io.taffrail.service.api;

import io.taffrail.replication.protocol.Watermarks;
import io.taffrail.service.host.HostObserver;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/// Readers that have read all there is and wait for more. Where they are few, a turn of the replica itself looks who is
/// to be woken: to wake a thread for it would cost more. Where they are many, it only says that something moved, which
/// costs it the same for a hundred readers as for ten thousand; a read thread looks, once for all the moves since it
/// last did.
final class FollowWakeups implements HostObserver {
    /// A reader that waits.
    interface Waiting {
        String stream();

        /// There is something for it to do: to send, or to end. Reads no file but an index.
        boolean ready();

        /// Hands over to a thread of the reader's own choice.
        void wake();
    }

    /// So many are looked through within a turn, at about a microsecond each.
    private static final int FEW = 8;

    private final Executor threads;
    private final AtomicInteger waiting = new AtomicInteger();
    private final Map<String, Set<Waiting>> byStream = new ConcurrentHashMap<>();
    private final AtomicBoolean scanDue = new AtomicBoolean();

    FollowWakeups(Executor threads) {
        this.threads = threads;
    }

    /// The reader is woken once, when it is ready; at once if it already is.
    void park(Waiting reader) {
        waiting.incrementAndGet();
        byStream.compute(reader.stream(), (name, parked) -> {
            var readers = parked == null ? ConcurrentHashMap.<Waiting>newKeySet() : parked;
            readers.add(reader);
            return readers;
        });
        // What moved between the caller's last look and the line above woke nobody.
        if (isReady(reader) && unpark(reader)) {
            reader.wake();
        }
    }

    /// True for one caller: it is the one that goes on with the reader.
    boolean unpark(Waiting reader) {
        var parked = byStream.get(reader.stream());
        if (parked == null || !parked.remove(reader)) {
            return false;
        }
        waiting.decrementAndGet();
        byStream.computeIfPresent(reader.stream(), (name, readers) -> readers.isEmpty() ? null : readers);
        return true;
    }

    @Override
    public void advanced(Watermarks watermarks) {
        var count = waiting.get();
        if (count == 0) {
            return;
        }
        if (count <= FEW) {
            wakeReady();
        } else if (scanDue.compareAndSet(false, true)) {
            threads.execute(this::scan);
        }
    }

    private void scan() {
        scanDue.set(false);
        wakeReady();
    }

    private void wakeReady() {
        for (var readers : byStream.values()) {
            for (var reader : readers) {
                if (isReady(reader) && unpark(reader)) {
                    reader.wake();
                }
            }
        }
    }

    private static boolean isReady(Waiting reader) {
        try {
            return reader.ready();
        } catch (RuntimeException itsOwn) {
            // It meets the same on its own thread, where that ends its call and not the replica.
            return true;
        }
    }
}
