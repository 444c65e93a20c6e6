package io.taffrail.replication.protocol;

import java.util.ArrayList;
import java.util.List;

/// Whether this replica's disk has become slow against what it was: flushes go through, and the slowest of a second
/// take many times as long. A disk that stalls is another matter. Judged second by second; the seconds that are slow
/// do not make the measure of the next ones.
final class DiskPace {
    private static final long SECOND_NANOS = 1_000_000_000;
    private static final int FACTOR = 10;
    /// Below it nobody gains by another leader, however quick the disk was.
    private static final long LEAST_SLOW_NANOS = 20_000_000;
    private static final int SLOW_SECONDS = 5;
    /// A second without flushes says nothing; so many of them, that what was slow may be over.
    private static final int IDLE_SECONDS = 5;
    private static final int LEAST_MEASURED_SECONDS = 10;
    private static final int MOST_MEASURED_SECONDS = 60;
    private static final int MOST_SAMPLES = 256;

    private final ArrayList<Long> typicalNanos = new ArrayList<>();
    private final ArrayList<Long> samples = new ArrayList<>();
    private long secondBeganNanos;
    private int slowSeconds;
    private int idleSeconds;

    DiskPace(long nowNanos) {
        secondBeganNanos = nowNanos;
    }

    /// Some flushes have ended and took so long on average.
    void flushed(long nowNanos, long meanNanos) {
        turn(nowNanos);
        if (samples.size() < MOST_SAMPLES) {
            samples.add(meanNanos);
        }
    }

    boolean isSlow(long nowNanos) {
        turn(nowNanos);
        return slowSeconds >= SLOW_SECONDS;
    }

    private void turn(long nowNanos) {
        if (nowNanos - secondBeganNanos < SECOND_NANOS) {
            return;
        }
        secondBeganNanos = nowNanos;
        if (samples.isEmpty()) {
            idleSeconds++;
            slowSeconds = idleSeconds >= IDLE_SECONDS ? 0 : slowSeconds;
            return;
        }
        idleSeconds = 0;
        samples.sort(null);
        var worst = samples.getLast();
        var typical = median(samples);
        samples.clear();
        if (typicalNanos.size() >= LEAST_MEASURED_SECONDS && worst > slowAboveNanos()) {
            slowSeconds++;
            return;
        }
        slowSeconds = 0;
        typicalNanos.add(typical);
        if (typicalNanos.size() > MOST_MEASURED_SECONDS) {
            typicalNanos.removeFirst();
        }
    }

    private long slowAboveNanos() {
        var sorted = new ArrayList<>(typicalNanos);
        sorted.sort(null);
        return Math.max(LEAST_SLOW_NANOS, FACTOR * median(sorted));
    }

    private static long median(List<Long> sorted) {
        return sorted.get(sorted.size() / 2);
    }
}
