package io.taffrail.wal.io;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Sleep and wake-up for a method whose completions arrive in memory: the owner parks.
public final class ParkedOwner {
    private final OwnerSignal signal = new OwnerSignal();
    private volatile @Nullable Thread owner;

    /// The owner. Returns at a [#wakeup], also one sent since the last call, or when the time is over.
    public void await(long timeoutNanos) {
        // Written before the signal says that someone sleeps, so whoever reads that knows whom to wake.
        owner = Thread.currentThread();
        signal.sleep(timeoutNanos, () -> true, this::park);
    }

    private void park(long nanos) {
        LockSupport.parkNanos(this, nanos);
    }

    /// Any thread.
    public void wakeup() {
        if (signal.wakeup()) {
            LockSupport.unpark(owner);
        }
    }
}
