package io.taffrail.wal;

import io.taffrail.wal.segment.TailBuffer;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/// Moves the reportable position, and stops moving it while bytes have waited for more than twice the writer's
/// delay. So the disk may stall for as long as it likes: what was acknowledged from memory and is not flushed
/// never spans more than that and one flush.
///
/// It looks at the clock itself: a turn of the loop stands still with the disk, when it makes the next segment's name
/// durable, say, and by the time at which it began nothing has waited since.
final class WindowGate {
    private static final int DELAYS = 2;

    private final AtomicLong reportable = new AtomicLong();
    private final AtomicLong riskWindowNanos = new AtomicLong();

    void reset(long lsn) {
        reportable.set(lsn);
    }

    void update(LongSupplier nanoTime, long writerDelayNanos, TailBuffer tail) {
        var received = tail.received();
        var oldest = tail.oldestUnflushedNanos();
        var age = oldest == Long.MAX_VALUE ? 0 : nanoTime.getAsLong() - oldest;
        if (age <= DELAYS * writerDelayNanos) {
            reportable.set(received);
            if (age > riskWindowNanos.getPlain()) {
                riskWindowNanos.setRelease(age);
            }
        } else if (tail.flushed() > reportable.getPlain()) {
            reportable.set(tail.flushed());
        }
    }

    long reportable() {
        return reportable.get();
    }

    long riskWindowNanos() {
        return riskWindowNanos.getAcquire();
    }
}
