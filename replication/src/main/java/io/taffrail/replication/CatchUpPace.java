package io.taffrail.replication;

/// How fast followers that are behind are shipped what they lack: as fast as it goes while nobody appends, and
/// otherwise so that appends hardly wait longer than without it.
///
/// It goes by what appends wait and not by what is short, which may be a disk, a network or processors, here or where
/// the follower is. Rounds in which nothing is copied say what they wait otherwise; there is one now and then also
/// while a follower catches up, so that a wait that has other reasons slows nobody down for long. Giving way by delay
/// is LEDBAT's idea (RFC 6817), the rests that find out what is usual are BBR's (Cardwell et al., 2016).
///
/// Where a majority is not in sync it is what appends wait for that catches up, and nothing holds it up.
///
/// Never below [#LEAST_BYTES_PER_SECOND], and never below what makes up for what is appended meanwhile: a follower
/// catches up under any load, if anything of it gets through at all.
final class CatchUpPace {
    static final long LEAST_BYTES_PER_SECOND = 16L << 20;
    static final long MOST_BYTES_PER_SECOND = 4L << 30;
    private static final long SECOND_NANOS = 1_000_000_000;
    static final long ROUND_NANOS = 100_000_000;
    /// Fewer acknowledgements say nothing: the round goes on until there are as many, within limits.
    private static final long ENOUGH = 10;
    private static final long LONGEST_ROUND_NANOS = SECOND_NANOS;
    private static final int ROUNDS_BEFORE_REST = 20;
    /// What was read before a rest is still on its way for so long.
    private static final long DRAIN_NANOS = 30_000_000;
    /// Of a rest, until the next look.
    private static final long REST_PAUSE_NANOS = 10_000_000;
    /// A wait that is longer by half, and this much, is the copy's doing.
    private static final long SLACK_NANOS = 250_000;
    private static final long STEP_BYTES_PER_SECOND = 8L << 20;
    /// Reads that are late by less are made up for.
    private static final long BURST_NANOS = 5_000_000;

    /// Of appends, since the start.
    ///
    /// @param acknowledged how many, and how long they waited together
    /// @param waiting whether any waits now
    record Appends(long acknowledged, long waitedNanos, boolean waiting, long endLsn) {
        static final Appends NONE = new Appends(0, 0, false, 0);
    }

    private enum Phase {
        GO,
        DRAIN,
        REST
    }

    private Phase phase = Phase.GO;
    private Appends before = Appends.NONE;
    private long roundBeganNanos;
    private int roundsSinceRest;
    private boolean read;
    private boolean accelerates = true;
    private long bytesPerSecond = LEAST_BYTES_PER_SECOND;
    private long growthBytesPerSecond;
    /// What appends wait without the copy; 0: not known.
    private long usualNanos;

    CatchUpPace(long nowNanos) {
        roundBeganNanos = nowNanos;
    }

    long bytesPerSecond() {
        return bytesPerSecond;
    }

    /// How long a follower waits whose next read is due then; 0: it reads now.
    long pauseNanos(long nowNanos, long dueNanos) {
        return Math.max(phase == Phase.GO ? 0 : REST_PAUSE_NANOS, dueNanos - nowNanos);
    }

    /// When the follower's next read is due, which reads so many bytes now.
    long reads(long nowNanos, long dueNanos, int bytes) {
        read = true;
        return Math.max(dueNanos, nowNanos - BURST_NANOS) + bytes * SECOND_NANOS / bytesPerSecond;
    }

    /// From time to time, several times a round.
    ///
    /// @param awaited a majority is not in sync
    void turn(long nowNanos, Appends appends, boolean awaited) {
        if (awaited) {
            bytesPerSecond = MOST_BYTES_PER_SECOND;
            begin(Phase.GO, nowNanos, appends);
            return;
        }
        var elapsed = nowNanos - roundBeganNanos;
        if (phase == Phase.DRAIN) {
            if (elapsed >= DRAIN_NANOS) {
                begin(Phase.REST, nowNanos, appends);
            }
            return;
        }
        var acknowledged = appends.acknowledged() - before.acknowledged();
        var isIdle = acknowledged == 0 && !appends.waiting();
        var needsMore = !isIdle && acknowledged < ENOUGH && elapsed < LONGEST_ROUND_NANOS;
        if (elapsed < ROUND_NANOS || needsMore) {
            return;
        }
        var grown = Math.max(0, appends.endLsn() - before.endLsn());
        growthBytesPerSecond = (growthBytesPerSecond + Math.round(grown * (double) SECOND_NANOS / elapsed)) / 2;
        var waitedNanos = acknowledged == 0 ? elapsed : (appends.waitedNanos() - before.waitedNanos()) / acknowledged;
        if (read) {
            adapt(isIdle, waitedNanos);
            roundsSinceRest++;
        } else {
            if (acknowledged > 0) {
                usualNanos = usualNanos == 0 ? waitedNanos : (usualNanos + waitedNanos) / 2;
            }
            if (phase == Phase.GO) {
                // Nobody catches up.
                bytesPerSecond = leastBytesPerSecond();
                accelerates = true;
            }
        }
        var rests = read && !isIdle && (usualNanos == 0 || roundsSinceRest >= ROUNDS_BEFORE_REST);
        begin(rests ? Phase.DRAIN : Phase.GO, nowNanos, appends);
    }

    private void adapt(boolean isIdle, long waitedNanos) {
        if (isIdle) {
            bytesPerSecond *= 2;
        } else if (usualNanos > 0 && waitedNanos > usualNanos + usualNanos / 2 + SLACK_NANOS) {
            bytesPerSecond = bytesPerSecond / 10 * 7;
            accelerates = false;
        } else if (usualNanos > 0) {
            bytesPerSecond += accelerates ? bytesPerSecond : STEP_BYTES_PER_SECOND;
        }
        bytesPerSecond = Math.clamp(bytesPerSecond, leastBytesPerSecond(), MOST_BYTES_PER_SECOND);
    }

    private long leastBytesPerSecond() {
        return Math.clamp(growthBytesPerSecond / 2 * 3, LEAST_BYTES_PER_SECOND, MOST_BYTES_PER_SECOND);
    }

    private void begin(Phase next, long nowNanos, Appends appends) {
        if (next != Phase.GO) {
            roundsSinceRest = 0;
        }
        phase = next;
        before = appends;
        roundBeganNanos = nowNanos;
        read = false;
    }
}
