package io.taffrail.wal;

import io.taffrail.wal.segment.TailBuffer;
import java.util.function.LongSupplier;

/// When the open group is flushed: a synchronous commit waits and group commit has given it enough company,
/// or its first byte has waited for `writerDelayNanos`. (A full group is closed without being asked.)
final class FlushPolicy {
    private long writerDelayNanos;
    private long groupCommitDelayNanos;
    private int groupCommitSiblings;
    private int requests;
    private long requestedNanos;

    FlushPolicy(WalConfig config) {
        reconfigure(config);
    }

    void reconfigure(WalConfig config) {
        writerDelayNanos = config.writerDelayNanos();
        groupCommitDelayNanos = config.groupCommitDelayNanos();
        groupCommitSiblings = config.groupCommitSiblings();
    }

    void requested(LongSupplier nanoTime, TailBuffer tail) {
        if (requests == 0) {
            // Without a delay any time up to now will do, and this one does not take a look at the clock.
            requestedNanos = groupCommitDelayNanos == 0 ? tail.openedNanos() : nanoTime.getAsLong();
        }
        requests++;
    }

    /// The open group was closed: whoever asked is served by it.
    void closed() {
        requests = 0;
    }

    /// `nowNanos` may be older than the open group, which a request without a delay does not wait for.
    boolean isDue(long nowNanos, TailBuffer tail) {
        return (requests > 0 && groupCommitDelayNanos == 0) || dueNanos(tail) <= nowNanos;
    }

    long dueNanos(TailBuffer tail) {
        var opened = tail.openedNanos();
        if (opened == Long.MAX_VALUE) {
            return Long.MAX_VALUE;
        }
        var byAge = opened + writerDelayNanos;
        if (requests == 0) {
            return byAge;
        }
        // Alone, a commit gains nothing from waiting.
        var waits = groupCommitDelayNanos > 0 && requests - 1 >= groupCommitSiblings;
        return waits ? Math.min(byAge, requestedNanos + groupCommitDelayNanos) : requestedNanos;
    }
}
