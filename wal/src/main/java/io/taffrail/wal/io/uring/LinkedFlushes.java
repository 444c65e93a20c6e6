package io.taffrail.wal.io.uring;

import io.taffrail.wal.io.Errno;

/// Durable writes that are two operations in the ring, a write and a flush that is linked to it: the kernel
/// starts the second when the first has succeeded in full, and cancels it otherwise.
///
/// RWF_DSYNC would be one operation, and is where the device can do it in one. Where it cannot, the kernel
/// starts the flush of a direct write from a thread that all processes share, and on a machine whose processors
/// are all busy every write waits for that thread's turn. A linked flush runs on a thread of this process.
final class LinkedFlushes {
    private static final long FLUSH = 1L << 32;

    private final boolean[] linked;
    private final boolean[] severed;
    private final int[] writeAnswers;

    LinkedFlushes(int slots) {
        linked = new boolean[slots];
        severed = new boolean[slots];
        writeAnswers = new int[slots];
    }

    static boolean isFlush(long userData) {
        return (userData & FLUSH) != 0 && userData > 0;
    }

    static int slot(long userData) {
        return (int) userData;
    }

    /// What the flush of this slot's write carries.
    static long flushOf(int slot) {
        return FLUSH | slot;
    }

    void begin(int slot, boolean isLinked) {
        linked[slot] = isLinked;
        severed[slot] = false;
    }

    /// The kernel took the write and not the flush, short of memory: it will take the flush as an operation of
    /// its own that may overtake the write, so its success says nothing.
    void severed(int slot) {
        severed[slot] = true;
    }

    /// True: the answer is that of a write whose flush is to come.
    boolean isFirstOfTwo(long userData, int answer) {
        if (isFlush(userData) || !linked[slot(userData)]) {
            return false;
        }
        writeAnswers[slot(userData)] = answer;
        return true;
    }

    /// One answer for both, as a single operation would have given it.
    int combined(long userData, int answer, int askedBytes) {
        if (!isFlush(userData)) {
            return answer;
        }
        var wrote = writeAnswers[slot(userData)];
        if (wrote < askedBytes) {
            return wrote;
        }
        if (severed[slot(userData)]) {
            return -Errno.ECANCELED.number();
        }
        return answer == 0 ? wrote : answer;
    }
}
