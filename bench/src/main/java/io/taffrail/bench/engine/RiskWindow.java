package io.taffrail.bench.engine;

/// The time that a power cut would take back from producers, seen from outside the log: at every
/// acknowledgement from memory, how long ago the oldest entry was appended that is not flushed.
final class RiskWindow {
    // Turns of the loop between an append and its flush, at most: beyond that the oldest are merged.
    private static final int TURNS = 1 << 20;

    private final long[] endLsns = new long[TURNS];
    private final long[] startNanos = new long[TURNS];
    private long first;
    private long next;
    private long longestNanos;

    /// Once a turn in which something was appended: the first entry's time, the last one's end.
    void appended(long endLsn, long nanos) {
        if (next - first == TURNS) {
            // The one before takes this one's end; its time is earlier, so the window is not made smaller.
            endLsns[(int) ((next - 1) % TURNS)] = endLsn;
            return;
        }
        endLsns[(int) (next % TURNS)] = endLsn;
        startNanos[(int) (next % TURNS)] = nanos;
        next++;
    }

    /// Everything below `reportedLsn` has just been acknowledged.
    void acknowledged(long reportedLsn, long flushedLsn, long nowNanos) {
        while (first < next && endLsns[(int) (first % TURNS)] <= flushedLsn) {
            first++;
        }
        if (first < next && reportedLsn > flushedLsn) {
            longestNanos = Math.max(longestNanos, nowNanos - startNanos[(int) (first % TURNS)]);
        }
    }

    long longestNanos() {
        return longestNanos;
    }
}
