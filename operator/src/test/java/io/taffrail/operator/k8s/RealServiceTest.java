package io.taffrail.operator.k8s;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.proto.control.ControlGrpc;
import io.taffrail.proto.control.GetStatusRequest;
import io.taffrail.proto.log.CommitMode;
import io.taffrail.proto.log.ReplicationMode;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A cluster of the real server, made and kept by the operator through a real API server.
final class RealServiceTest {
    private static final String NAMESPACE = "real";

    @TempDir
    Path folder;

    private RealCluster cluster;
    private RunningOperator operator;

    @BeforeEach
    void start() {
        cluster = new RealCluster(ControlPlane.require(), NAMESPACE, folder, RealCluster.PATIENT);
        operator = new RunningOperator(cluster.admin(), NAMESPACE);
    }

    @AfterEach
    void stop() {
        if (operator != null) {
            operator.close();
            cluster.close();
        }
    }

    @Test
    void aClusterOfThreeKeepsItsRecordsThroughEverythingThatTheOperatorDoes() {
        cluster.apply("");
        cluster.awaitReady();
        assertEquals(List.of(0, 1, 2), cluster.status().voters());
        cluster.createStream();
        cluster.append("one", "two");
        assertEquals(List.of("one", "two"), cluster.read());

        // Modes and delay, while the replicas run: an append is told what it got.
        var before = cluster.pods();
        assertEquals(CommitMode.COMMIT_MODE_SYNC, cluster.append("three").getCommitMode());
        cluster.apply("{writerDelay: 25ms, commitMode: Async, replicationMode: All}");
        await("an append observes the modes").atMost(RealCluster.PATIENCE).untilAsserted(() -> {
            var acknowledgement = cluster.append("mode");
            assertEquals(CommitMode.COMMIT_MODE_ASYNC, acknowledgement.getCommitMode());
            assertEquals(ReplicationMode.REPLICATION_MODE_ALL, acknowledgement.getReplicationMode());
        });
        cluster.awaitReady();
        for (var node = 0; node < 3; node++) {
            var settings = ControlGrpc.newBlockingStub(cluster.channel(node))
                    .getStatus(GetStatusRequest.getDefaultInstance())
                    .getSettings();
            assertEquals(25_000, settings.getWriterDelayMicros());
            assertEquals(CommitMode.COMMIT_MODE_ASYNC, settings.getCommitMode());
        }
        assertEquals("Async/All", cluster.status().durability().acknowledged());
        cluster.apply("writerDelay: 25ms");
        await("and back").atMost(RealCluster.PATIENCE).untilAsserted(() -> {
            var acknowledgement = cluster.append("mode");
            assertEquals(CommitMode.COMMIT_MODE_SYNC, acknowledgement.getCommitMode());
            assertEquals(ReplicationMode.REPLICATION_MODE_QUORUM, acknowledgement.getReplicationMode());
        });
        cluster.awaitReady();
        assertEquals(before, cluster.pods());

        // A rolling change under load: every pod is another one, and nothing is lost.
        var writer = new SteadyWriter(cluster);
        writer.awaitMore(10);
        cluster.apply("{writerDelay: 25ms, podTemplate: {annotations: {restarted: again}}}");
        await("restarted")
                .atMost(RealCluster.PATIENCE)
                .until(() -> cluster.pods().keySet().equals(before.keySet())
                        && cluster.pods().values().stream().noneMatch(before::containsValue));
        cluster.awaitReady();
        writer.awaitMore(10);
        writer.assertNothingLost();

        // Hibernate and wake.
        var records = cluster.read();
        cluster.apply("{writerDelay: 25ms, podTemplate: {annotations: {restarted: again}}, lifecycle: Hibernated}");
        await("asleep").atMost(RealCluster.PATIENCE).until(() -> cluster.pods().isEmpty());
        cluster.apply("{writerDelay: 25ms, podTemplate: {annotations: {restarted: again}}}");
        cluster.awaitReady();
        assertEquals(records, cluster.read());
        assertTrue(records.subList(0, 3).equals(List.of("one", "two", "three")), records.toString());
    }
}
