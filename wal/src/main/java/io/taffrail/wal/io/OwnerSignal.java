package io.taffrail.wal.io;

import java.util.concurrent.atomic.AtomicInteger;

/// Decides, for [IoMethod#wakeup], whether the owner has to be woken and makes sure that no wake-up is lost.
/// How the owner sleeps is the method's: it must come back at once from a wake-up that was sent after
/// [#beginSleep] returned true.
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

    /// The owner. False: it was signalled, which this call forgets, and must not sleep.
    public boolean beginSleep() {
        if (state.compareAndSet(AWAKE, SLEEPING)) {
            return true;
        }
        state.set(AWAKE);
        return false;
    }

    /// The owner, after a sleep: forgets a signal. True: there was one.
    public boolean endSleep() {
        return state.getAndSet(AWAKE) == SIGNALLED;
    }

    /// Any thread: the owner was not signalled since [#beginSleep].
    public boolean isSleeping() {
        return state.get() == SLEEPING;
    }
}
