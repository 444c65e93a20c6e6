package io.taffrail.operator.k8s;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What Kubernetes does to replicas, done to three of the real server. Each test finds the cluster whole, and leaves it
/// so.
final class RealFaultsTest {
    private static final String NAMESPACE = "faults";
    /// More than that many probes fail before a kubelet would kill.
    private static final int PROBES = 8;

    @TempDir
    static Path folder;

    private static ControlPlane plane;
    private static RealCluster cluster;
    private static RunningOperator operator;

    @BeforeAll
    static void start() {
        ServerPod.jar();
        plane = ControlPlane.require();
        cluster = new RealCluster(plane, NAMESPACE, folder, RealCluster.PATIENT);
        operator = new RunningOperator(cluster.admin(), NAMESPACE);
        cluster.apply("");
        cluster.awaitReady();
        cluster.createStream();
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            operator.close();
            cluster.close();
        }
    }

    @Test
    void appendsReadsAndAFailoverNeedNeitherTheApiServerNorAnOperator() {
        operator.close();
        try (var writer = new SteadyWriter(cluster)) {
            writer.awaitMore(10);
            var leader = cluster.awaitLeader();
            var process = cluster.process(leader);
            plane.freeze();
            try {
                writer.awaitMore(20);
                assertTrue(cluster.read().size() >= 20);
                process.kill();
                writer.awaitMore(20);
                assertTrue(cluster.awaitLeader() != leader);
                assertTrue(cluster.read().size() >= 40);
            } finally {
                plane.thaw();
            }
            operator = new RunningOperator(cluster.admin(), NAMESPACE);
            cluster.awaitReady();
            writer.awaitMore(10);
            writer.assertNothingLost();
        }
    }

    /// Ten milliseconds of processor time a second, which is a limit of 10m.
    @Test
    void aStarvedProcessIsNotKilledForIt() throws InterruptedException {
        var follower = (cluster.awaitLeader() + 1) % 3;
        cluster.awaitLive(follower);
        var process = cluster.process(follower);
        var probes = new AtomicInteger();
        var failed = new AtomicLong();
        var inARow = new AtomicInteger();
        var probing = Thread.ofVirtual().start(() -> {
            while (probes.get() < PROBES) {
                if (process.live()) {
                    inARow.set(0);
                } else {
                    failed.incrementAndGet();
                    assertTrue(inARow.incrementAndGet() <= PROBES);
                }
                probes.incrementAndGet();
            }
        });
        process.starve(10, () -> probes.get() < PROBES);
        probing.join();
        System.out.println(failed + " of " + PROBES + " liveness probes failed with 10 ms of each second");
        assertTrue(failed.get() < process.failuresUntilKilled(), failed + " failed");
        assertTrue(process.alive());
        cluster.awaitReady();
        assertEquals(3, cluster.pods().size());
    }
}
