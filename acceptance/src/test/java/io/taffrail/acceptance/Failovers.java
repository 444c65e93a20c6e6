package io.taffrail.acceptance;

import io.taffrail.proto.log.Acknowledgement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/// From a leader's end to the first append that its successor acknowledges.
final class Failovers {
    private static final long NEVER = Long.MAX_VALUE;

    private final List<Double> tookMillis = new ArrayList<>();
    private final AtomicLong firstNanos = new AtomicLong(NEVER);
    private volatile long epochBefore = NEVER;
    private long beganNanos;

    /// Just before the signal is sent.
    void begin(long epoch) {
        firstNanos.set(NEVER);
        beganNanos = System.nanoTime();
        epochBefore = epoch;
    }

    void acknowledged(Acknowledgement acknowledgement) {
        if (acknowledgement.getEpoch() > epochBefore && firstNanos.get() == NEVER) {
            firstNanos.compareAndSet(NEVER, System.nanoTime());
        }
    }

    boolean isOver() {
        return firstNanos.get() != NEVER;
    }

    void record() {
        tookMillis.add((firstNanos.get() - beganNanos) / 1e6);
    }

    @Override
    public String toString() {
        return Pauses.Latencies.ofMillis(tookMillis).toString();
    }
}
