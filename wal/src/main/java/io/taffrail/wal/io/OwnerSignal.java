package io.taffrail.wal.io;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

/// Decides, for [IoMethod#wakeup], whether the owner has to be woken and makes sure that no wake-up is lost.
/// How the owner sleeps is the method's: it must come back at once from a wake-up that was sent after
/// [#sleep] began.
///
/// ```
///             wakeup                    wakeup: true, the caller must wake the owner
///   AWAKE ------------> SIGNALLED <------------- SLEEPING
///     ^  beginSleep: false  |                        ^ |
///     +---------------------+      beginSleep: true  | | endSleep
///     +----------------------------------------------+ v  -> AWAKE
/// ```
///
/// A wake-up of an owner that is awake costs one read if it is not the first since the owner last slept.
public final class OwnerSignal {
    private static final int AWAKE = 0;
    private static final int SIGNALLED = 1;
    private static final int SLEEPING = 2;

    private final AtomicInteger state = new AtomicInteger(AWAKE);

    /// Any thread. True: the owner sleeps, and this caller, alone, must wake it.
    public boolean wakeup() {
        if (state.get() == SIGNALLED) {
            return false;
        }
        return state.getAndSet(SIGNALLED) == SLEEPING;
    }

    /// The owner. Comes back when it has been signalled, also before this call, when `idle` says no, or when the time
    /// is over.
    ///
    /// @param once sleeps for so many nanoseconds at most; it may come back early for any reason
    public void sleep(long timeoutNanos, BooleanSupplier idle, LongConsumer once) {
        if (!beginSleep()) {
            return;
        }
        try {
            var start = System.nanoTime();
            for (var left = timeoutNanos; left > 0 && idle.getAsBoolean() && isSleeping(); ) {
                once.accept(left);
                left = timeoutNanos - (System.nanoTime() - start);
            }
        } finally {
            endSleep();
        }
    }

    /// False: it was signalled, which this call forgets, and must not sleep.
    private boolean beginSleep() {
        if (state.compareAndSet(AWAKE, SLEEPING)) {
            return true;
        }
        state.set(AWAKE);
        return false;
    }

    /// Forgets a signal.
    private void endSleep() {
        // What the owner looks at next it must not have read before.
        var _ = state.getAndSet(AWAKE);
    }

    private boolean isSleeping() {
        return state.get() == SLEEPING;
    }
}
