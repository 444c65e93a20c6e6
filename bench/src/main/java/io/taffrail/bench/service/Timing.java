package io.taffrail.bench.service;

import java.util.concurrent.atomic.AtomicInteger;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/// What came back, and when: counted while it is measured, from whichever threads it comes on.
final class Timing {
    private static final long LONGEST_NANOS = 60_000_000_000L;
    private static final int DIGITS = 3;

    private final Histogram latency = new Histogram(1_000, LONGEST_NANOS, DIGITS);
    private final AtomicInteger errors = new AtomicInteger();
    private volatile boolean measuring;
    private volatile @Nullable Throwable firstError;
    private long records;

    void measure(boolean on) {
        measuring = on;
    }

    void done(long startNanos, int count, @Nullable Throwable failed) {
        if (failed != null) {
            if (errors.getAndIncrement() == 0) {
                firstError = failed;
            }
            return;
        }
        if (!measuring) {
            return;
        }
        var nanos = Math.min(LONGEST_NANOS, System.nanoTime() - startNanos);
        synchronized (this) {
            latency.recordValueWithCount(nanos, count);
            records += count;
        }
    }

    synchronized Histogram latency() {
        return latency.copy();
    }

    synchronized long records() {
        return records;
    }

    int errors() {
        return errors.get();
    }

    String note() {
        return firstError == null ? "" : "first error: " + firstError;
    }
}
