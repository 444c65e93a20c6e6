package io.taffrail.service.api;

import io.taffrail.replication.Watermarks;
import io.taffrail.service.host.HostObserver;
import java.util.ArrayList;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/// Readers that have read all there is and wait for more. The replica's loop only says that something moved, which
/// costs it the same for one reader as for ten thousand; who is to be woken is found out on a read thread, once for
/// all the moves since the last look.
final class FollowWakeups implements HostObserver {
    /// A reader that waits. On a read thread.
    interface Waiting {
        String stream();

        /// There is something for it to do: to send, or to end.
        boolean ready();

        void wake();
    }

    private final Executor threads;
    private final Map<String, Set<Waiting>> byStream = new ConcurrentHashMap<>();
    private final AtomicBoolean scanDue = new AtomicBoolean();

    FollowWakeups(Executor threads) {
        this.threads = threads;
    }

    /// `waiting` is woken once, when it is ready; at once if it already is.
    void park(Waiting waiting) {
        byStream.compute(waiting.stream(), (name, parked) -> {
            var readers = parked == null ? ConcurrentHashMap.<Waiting>newKeySet() : parked;
            readers.add(waiting);
            return readers;
        });
        // What moved between the caller's last look and the line above woke nobody.
        if (waiting.ready() && unpark(waiting)) {
            waiting.wake();
        }
    }

    /// True for one caller: it is the one that goes on with the reader.
    boolean unpark(Waiting waiting) {
        var parked = byStream.get(waiting.stream());
        if (parked == null || !parked.remove(waiting)) {
            return false;
        }
        byStream.computeIfPresent(waiting.stream(), (name, readers) -> readers.isEmpty() ? null : readers);
        return true;
    }

    @Override
    public void advanced(Watermarks watermarks) {
        if (!byStream.isEmpty() && scanDue.compareAndSet(false, true)) {
            threads.execute(this::scan);
        }
    }

    private void scan() {
        scanDue.set(false);
        for (var readers : byStream.values()) {
            for (var reader : new ArrayList<>(readers)) {
                if (reader.ready() && unpark(reader)) {
                    threads.execute(reader::wake);
                }
            }
        }
    }
}
