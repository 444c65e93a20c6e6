package io.taffrail.operator.k8s;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
        ServiceProcess.jar();
        plane = ControlPlane.require();
        cluster = new RealCluster(plane, NAMESPACE, folder);
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
            var leader = cluster.leader().orElseThrow();
            var process = cluster.process(leader);
            plane.freeze();
            try {
                writer.awaitMore(20);
                assertTrue(cluster.read().size() >= 20);
                process.kill();
                writer.awaitMore(20);
                assertTrue(cluster.leader().orElseThrow() != leader);
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

    @Test
    void aPodThatIsDeletedByForceLeavesAtMostOneVoiceForItsStorage() {
        try (var writer = new SteadyWriter(cluster)) {
            writer.awaitMore(10);
            var follower = (cluster.leader().orElseThrow() + 1) % 3;
            var before = cluster.pod(follower);
            var first = cluster.process(follower);
            cluster.kubelet().cutOff(before);
            cluster.admin().resource(before).withGracePeriod(0).delete();

            // The next pod has the same name and the same claim.
            await("the second process is refused")
                    .atMost(RealCluster.PATIENCE)
                    .until(() -> logs(follower).contains("locked by another process"));
            assertTrue(first.alive());
            writer.awaitMore(20);

            cluster.kubelet().reconnect(before);
            await("the first is ended").atMost(RealCluster.PATIENCE).until(() -> !first.alive());
            cluster.awaitReady();
            writer.assertNothingLost();
        }
    }

    /// Of every process that was started on this node's volume.
    private static String logs(int ordinal) throws IOException {
        var all = new StringBuilder();
        try (var files = Files.walk(volume(ordinal), 2)) {
            for (var file : files.filter(it -> it.toString().endsWith(".log")).toList()) {
                all.append(Files.readString(file));
            }
        }
        return all.toString();
    }

    @Test
    void aVolumeUnderAnotherNodesNameIsNoVoter() throws IOException {
        cluster.append("before");
        hibernate();
        swapVolumes(1, 2);
        cluster.apply("");
        await("both refuse")
                .atMost(RealCluster.PATIENCE)
                .until(() -> logs(1).contains("belongs to node 2") && logs(2).contains("belongs to node 1"));
        assertTrue(cluster.leader().isEmpty(), "one replica of three leads");

        // The step that its last line asks for.
        hibernate();
        swapVolumes(1, 2);
        cluster.apply("");
        cluster.awaitReady();
        assertTrue(cluster.read().contains("before"));
    }

    private static void hibernate() {
        cluster.apply("lifecycle: Hibernated");
        await("asleep").atMost(RealCluster.PATIENCE).until(() -> cluster.pods().isEmpty());
    }

    private static void swapVolumes(int one, int other) throws IOException {
        var claims = List.of(volume(one), volume(other));
        var aside = folder.resolve("aside");
        Files.move(claims.getFirst(), aside);
        Files.move(claims.getLast(), claims.getFirst());
        Files.move(aside, claims.getLast());
    }

    private static Path volume(int ordinal) {
        return cluster.volume(cluster.admin()
                .persistentVolumeClaims()
                .inNamespace(NAMESPACE)
                .withName("data-orders-" + ordinal)
                .get()
                .getMetadata()
                .getUid());
    }

    /// Ten milliseconds of processor time a second, which is a limit of 10m.
    @Test
    void aStarvedProcessIsNotKilledForIt() throws InterruptedException {
        var follower = (cluster.leader().orElseThrow() + 1) % 3;
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
        try {
            process.starve(10, () -> probes.get() < PROBES);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        probing.join();
        System.out.println(failed + " of " + PROBES + " liveness probes failed with 10 ms of each second");
        assertTrue(failed.get() < process.failuresUntilKilled(), failed + " failed");
        assertTrue(process.alive());
        cluster.awaitReady();
        assertEquals(3, cluster.pods().size());
    }
}
