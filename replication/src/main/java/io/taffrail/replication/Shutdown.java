package io.taffrail.replication;

import java.util.ArrayList;
import java.util.List;

/// How far a clean end has got. Each step is taken once.
final class Shutdown {
    private final List<Runnable> done = new ArrayList<>();
    private final long deadlineNanos;
    private boolean stopped;
    private boolean marked;

    Shutdown(Runnable done, long deadlineNanos) {
        this.done.add(done);
        this.deadlineNanos = deadlineNanos;
    }

    void alsoTell(Runnable other) {
        done.add(other);
    }

    boolean isOver(long nowNanos) {
        return nowNanos >= deadlineNanos;
    }

    /// True once, when leadership was handed over or nobody took it in time.
    boolean mayStop(boolean leads, long nowNanos) {
        if (stopped || (leads && !isOver(nowNanos))) {
            return false;
        }
        stopped = true;
        return true;
    }

    boolean isStopped() {
        return stopped;
    }

    boolean mayMarkClean() {
        if (marked) {
            return false;
        }
        marked = true;
        return true;
    }

    void tell() {
        done.forEach(Runnable::run);
    }
}
