package io.taffrail.simulation.world;

/// A node's monotonic clock: it starts anywhere, runs too fast or too slow, stands still while the machine is
/// suspended.
public final class NodeClock {
    private final SimulatedScheduler scheduler;
    private long sinceNanos;
    private long localNanos;
    private double rate;
    private boolean frozen;

    public NodeClock(SimulatedScheduler scheduler, long offsetNanos, double rate) {
        this.scheduler = scheduler;
        this.sinceNanos = scheduler.nowNanos();
        this.localNanos = offsetNanos;
        this.rate = rate;
    }

    /// What the node reads `aheadNanos` of true time from now.
    public long nanoTime(long aheadNanos) {
        return frozen ? localNanos : localNanos + (long) ((scheduler.nowNanos() - sinceNanos + aheadNanos) * rate);
    }

    /// From `aheadNanos` of true time on: a process in a call that blocks has read the clock up to there, and it
    /// never falls.
    public void setRate(double newRate, long aheadNanos) {
        settle(aheadNanos);
        rate = newRate;
    }

    /// Forwards: a monotonic clock never falls.
    public void jump(long nanos) {
        settle(0);
        localNanos += nanos;
    }

    public boolean isFrozen() {
        return frozen;
    }

    /// From `aheadNanos` of true time on.
    public void freeze(long aheadNanos) {
        settle(aheadNanos);
        frozen = true;
    }

    public void thaw() {
        if (frozen) {
            sinceNanos = Math.max(sinceNanos, scheduler.nowNanos());
            frozen = false;
        }
    }

    private void settle(long aheadNanos) {
        localNanos = nanoTime(aheadNanos);
        sinceNanos = scheduler.nowNanos() + aheadNanos;
    }

    /// True time until the clock shows `dueNanos`, at least 0; a frozen clock is asked again a millisecond later.
    public long trueDelayNanos(long dueNanos) {
        var remaining = dueNanos - nanoTime(0);
        if (remaining <= 0) {
            return 0;
        }
        return frozen ? 1_000_000 : Math.max(1, (long) Math.ceil(remaining / rate));
    }
}
