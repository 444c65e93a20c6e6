package io.taffrail.wal.io.sync;

import io.taffrail.wal.io.IoCompletion;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.io.IoResult;
import io.taffrail.wal.io.OwnerSignal;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Runs a request when it is submitted, on the owner's thread. Nothing overlaps: the owner stands still while
/// the disk works. For tests, for recovery, and as the reference of what the other methods must do.
public final class SyncIoMethod implements IoMethod {
    private record Finished(IoCompletion completion, IoResult result) {}

    private final ArrayDeque<Finished> finished = new ArrayDeque<>();
    private final AtomicInteger inFlight = new AtomicInteger();
    private final OwnerSignal signal = new OwnerSignal();
    private volatile @Nullable Thread owner;

    @Override
    public String name() {
        return "sync";
    }

    @Override
    public void submit(IoRequest request) {
        inFlight.incrementAndGet();
        finished.add(new Finished(request.completion(), ChannelIo.run(request)));
    }

    @Override
    public int poll() {
        // A completion may submit: what it adds is left to the next poll, or two of them could go on forever.
        var ready = finished.size();
        for (var i = 0; i < ready; i++) {
            var next = finished.remove();
            inFlight.decrementAndGet();
            next.completion().completed(next.result());
        }
        return ready;
    }

    @Override
    public void await(long timeoutNanos) {
        if (!finished.isEmpty()) {
            return;
        }
        var deadline = System.nanoTime() + timeoutNanos;
        owner = Thread.currentThread();
        if (!signal.beginSleep()) {
            return;
        }
        var left = timeoutNanos;
        while (signal.isSleeping() && left > 0) {
            LockSupport.parkNanos(this, left);
            left = deadline - System.nanoTime();
        }
        signal.endSleep();
    }

    @Override
    public void wakeup() {
        if (signal.wakeup()) {
            LockSupport.unpark(owner);
        }
    }

    @Override
    public int inFlight() {
        return inFlight.get();
    }

    @Override
    public void close() {
        finished.clear();
        inFlight.set(0);
    }
}
