package io.taffrail.operator.k8s;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.taffrail.operator.ClusterPassFixture;
import io.taffrail.operator.crd.LogCluster;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/// What the operator writes, and what it leaves alone, judged by a real API server.
final class WritesTest {
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final int ROUNDS = 200;
    private static final Duration LOOK = Duration.ofSeconds(15);

    /// The edit strikes where it hurts most: after the operator has read the LogCluster, and before, or while, its
    /// status arrives.
    @Test
    void aSpecEditWhileStatusIsBeingPatchedIsNeverLost() {
        var plane = ControlPlane.require();
        try (var shaky = new ShakyApiServer(plane);
                var admin = plane.client();
                var pods = new StandInPods(plane, "edits", Duration.ZERO);
                var through = shaky.adminClient();
                var operator = new ClusterPassFixture(through)) {
            pods.apply("");
            await("ready").atMost(PATIENCE).until(() -> {
                operator.pass(pods.cluster());
                return pods.settled();
            });

            var edits = new AtomicInteger();
            var conflicts = new AtomicInteger();
            var struck = new AtomicInteger();
            shaky.weather(request -> {
                // Every other status meets an edit; the next one goes through.
                if (request.writesStatusOf("logclusters") && struck.getAndIncrement() % 2 == 0) {
                    var edit = edits.incrementAndGet();
                    Runnable patch = () -> admin.resources(LogCluster.class)
                            .inNamespace("edits")
                            .withName("orders")
                            .patch(
                                    PatchContext.of(PatchType.JSON_MERGE),
                                    "{\"spec\":{\"writerDelay\":\"" + (1_000 + edit) + "us\"}}");
                    if (edit % 4 == 0) {
                        // While it is on its way: either may be first.
                        Thread.ofVirtual().start(patch);
                    } else {
                        patch.run();
                        conflicts.incrementAndGet();
                    }
                }
                return new ShakyApiServer.Treatment.Pass();
            });
            pods.apply("writerDelay: 1ms");
            var last = new AtomicLong();
            await("edits").atMost(PATIENCE).pollInterval(Duration.ofMillis(1)).until(() -> {
                operator.pass(pods.cluster());
                var delay = micros(pods.cluster());
                assertTrue(delay >= last.get(), "an edit was taken back: " + last + " before, now " + delay);
                last.set(delay);
                return edits.get() >= ROUNDS;
            });
            shaky.weather(request -> new ShakyApiServer.Treatment.Pass());
            await("as the last edit").atMost(PATIENCE).until(() -> {
                operator.pass(pods.cluster());
                return pods.settled() && pods.replicas().writerDelayMicros(2) == 1_000 + edits.get();
            });
            assertEquals(1_000 + edits.get(), micros(pods.cluster()));
            System.out.println(edits + " edits met a status on its way, " + conflicts + " of them just before it");
        }
    }

    private static long micros(LogCluster cluster) {
        var delay = cluster.getSpec().writerDelay();
        return delay.endsWith("us") ? Long.parseLong(delay.replace("us", "")) : 1_000;
    }

    /// How long neither a pass nor a write of the LogCluster has been seen.
    private static final class Rest {
        private final RunningOperator operator;
        private final StandInPods pods;
        private long passes = -1;
        private String version = "";
        private long sinceNanos;

        Rest(RunningOperator operator, StandInPods pods) {
            this.operator = operator;
            this.pods = pods;
        }

        long lastsNanos() {
            var passesNow = operator.passes();
            var versionNow = pods.cluster().getMetadata().getResourceVersion();
            if (passesNow != passes || !versionNow.equals(version)) {
                passes = passesNow;
                version = versionNow;
                sinceNanos = System.nanoTime();
            }
            return System.nanoTime() - sinceNanos;
        }
    }

    @Test
    void atRestNothingIsReconciledAndNothingIsWritten() {
        var plane = ControlPlane.require();
        try (var pods = new StandInPods(plane, "rest", Duration.ZERO);
                var operator = new RunningOperator(pods.admin(), "rest", Duration.ofHours(1))) {
            pods.apply("");
            await("ready").atMost(PATIENCE).until(pods::settled);
            var rest = new Rest(operator, pods);
            await("nothing happens for " + LOOK).atMost(PATIENCE).until(() -> rest.lastsNanos() >= LOOK.toNanos());
        }
        try (var pods = new StandInPods(plane, "resync", Duration.ZERO);
                var operator = new RunningOperator(pods.admin(), "resync", Duration.ofSeconds(1))) {
            pods.apply("");
            await("ready").atMost(PATIENCE).until(pods::settled);
            var before = operator.passes();
            await("the resync looks again").atMost(PATIENCE).until(() -> operator.passes() > before + 2);
            var version = pods.cluster().getMetadata().getResourceVersion();
            var then = operator.passes();
            await("and again").atMost(PATIENCE).until(() -> operator.passes() > then + 2);
            assertEquals(version, pods.cluster().getMetadata().getResourceVersion());
        }
    }
}
