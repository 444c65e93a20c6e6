package io.taffrail.operator.k8s;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// Appends numbers at Sync + Quorum, one after the other, and notes which of them were acknowledged. One that was not
/// is never appended again: it may be in the log or not.
final class SteadyWriter implements AutoCloseable {
    private static final long AGAIN_AFTER_NANOS = 50_000_000;
    /// With a leader that may be gone.
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final RealCluster cluster;
    private final List<String> acknowledged = new ArrayList<>();
    private final Thread thread;
    private volatile boolean stopping;
    private long longestPauseNanos;

    SteadyWriter(RealCluster cluster) {
        this.cluster = cluster;
        thread = Thread.ofPlatform().name("writer").start(this::run);
    }

    private void run() {
        ManagedChannel leader = null;
        var last = System.nanoTime();
        for (var number = 0; !stopping; number++) {
            try {
                if (leader == null) {
                    leader = cluster.leaderChannel().orElse(null);
                }
                if (leader != null) {
                    var value = String.valueOf(number);
                    cluster.append(leader, PATIENCE, value);
                    var now = System.nanoTime();
                    synchronized (acknowledged) {
                        acknowledged.add(value);
                        longestPauseNanos = Math.max(longestPauseNanos, now - last);
                    }
                    last = now;
                    continue;
                }
            } catch (StatusRuntimeException | AssertionError notAcknowledged) {
                leader = null;
            }
            LockSupport.parkNanos(AGAIN_AFTER_NANOS);
        }
    }

    int count() {
        synchronized (acknowledged) {
            return acknowledged.size();
        }
    }

    /// Since the last call: how long nothing was acknowledged, at most.
    Duration longestPause() {
        synchronized (acknowledged) {
            var longest = Duration.ofNanos(longestPauseNanos);
            longestPauseNanos = 0;
            return longest;
        }
    }

    /// Appends are acknowledged now.
    void awaitMore(int more) {
        var target = count() + more;
        await(more + " more appends").atMost(RealCluster.PATIENCE).until(() -> count() >= target);
    }

    /// Ends, and fails if a record that was acknowledged cannot be read.
    void assertNothingLost() {
        close();
        var missing = new ArrayList<>(acknowledged);
        missing.removeAll(new HashSet<>(cluster.read()));
        assertEquals(List.of(), missing, "acknowledged and lost, of " + acknowledged.size());
    }

    @Override
    public void close() {
        stopping = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
