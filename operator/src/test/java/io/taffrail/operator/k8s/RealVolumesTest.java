package io.taffrail.operator.k8s;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.fabric8.kubernetes.api.model.Pod;
import io.grpc.StatusRuntimeException;
import io.taffrail.proto.control.State;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Pods that are deleted while their processes live on, and volumes that are not what they were, with three replicas of
/// the real server. Each test finds the cluster whole, and leaves it so.
final class RealVolumesTest {
    private static final String NAMESPACE = "volumes";

    @TempDir
    static Path folder;

    private static RealCluster cluster;
    private static RunningOperator operator;

    @BeforeAll
    static void start() {
        ServerPod.jar();
        cluster = new RealCluster(ControlPlane.require(), NAMESPACE, folder, RealCluster.PATIENT);
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

    /// As `kubectl delete pod --force`.
    private static void deleteByForce(Pod pod) {
        cluster.admin().resource(pod).withGracePeriod(0).delete();
    }

    private static Pod awaitSuccessor(Pod pod) {
        var ordinal = Integer.parseInt(pod.getMetadata().getName().replaceAll(".*-", ""));
        await("another pod").atMost(RealCluster.PATIENCE).until(() -> {
            var found = cluster.pod(ordinal);
            return found != null
                    && !found.getMetadata().getUid().equals(pod.getMetadata().getUid());
        });
        return Objects.requireNonNull(cluster.pod(ordinal));
    }

    /// Its node reaches its peers and its volume, and not the API server: whoever else is given the volume must wait.
    @Test
    void aPodDeletedByForceWhoseProcessLivesOnKeepsItsVolumeToItself() {
        try (var writer = new SteadyWriter(cluster)) {
            writer.awaitMore(10);
            var leader = cluster.awaitLeader();
            var pod = cluster.pod(leader);
            var old = cluster.process(leader);
            var before = cluster.replica(old.address());
            cluster.kubelet().cutOff(pod);
            deleteByForce(pod);
            var next = awaitSuccessor(pod);
            await("the second one says why not")
                    .atMost(RealCluster.PATIENCE)
                    .untilAsserted(() -> assertTrue(
                            cluster.detail(leader).contains("is locked by another process"), cluster.detail(leader)));

            // The first one has the volume's only voice, and nobody minds.
            writer.awaitMore(20);
            var now = cluster.replica(old.address());
            assertEquals(before.getEpoch(), now.getEpoch());
            assertEquals(before.getIncarnation(), now.getIncarnation());
            assertEquals(
                    next.getMetadata().getUid(),
                    cluster.pod(leader).getMetadata().getUid());

            cluster.kubelet().reconnect(pod);
            cluster.awaitReady();
            await("the second one has the volume")
                    .atMost(RealCluster.PATIENCE)
                    .ignoreException(StatusRuntimeException.class)
                    .until(() -> cluster.replica(leader).getIncarnation() > before.getIncarnation());
            cluster.awaitReady();
            assertEquals(before.getStorageUuid(), cluster.replica(leader).getStorageUuid());
            writer.awaitMore(10);
            writer.assertNothingLost();
        }
    }

    /// Its node stood still, its volume went to another node, and then it goes on where it was: as the leader.
    @Test
    void aPodDeletedByForceOnANodeThatComesBackIsFencedByItsSuccessor() {
        try (var writer = new SteadyWriter(cluster)) {
            writer.awaitMore(10);
            var leader = cluster.awaitLeader();
            var pod = cluster.pod(leader);
            var old = cluster.process(leader);
            var before = cluster.replica(old.address());
            long epoch;
            old.suspend();
            try {
                cluster.kubelet().cutOff(pod);
                cluster.detachVolume(leader);
                deleteByForce(pod);
                awaitSuccessor(pod);
                await("the successor has started")
                        .atMost(RealCluster.PATIENCE)
                        .until(() ->
                                cluster.kubelet().container("orders-" + leader).isPresent());
                cluster.awaitReady();
                writer.awaitMore(10);
                await("the successor answers")
                        .atMost(RealCluster.PATIENCE)
                        .ignoreException(StatusRuntimeException.class)
                        .until(() -> cluster.replica(leader).getIncarnation() > before.getIncarnation());
                cluster.awaitReady();
                var successor = cluster.replica(leader);
                assertEquals(before.getStorageUuid(), successor.getStorageUuid());
                assertTrue(successor.getEpoch() > before.getEpoch(), successor.toString());
                epoch = successor.getEpoch();
            } finally {
                old.resume();
            }

            // Its peers answer the name, which is another process now, so it stays alone; or one of them made its
            // connection before the name was another's, and tells it who leads.
            await("the old process does not lead any more")
                    .atMost(RealCluster.PATIENCE)
                    .until(
                            () -> cluster.replica(old.address()).getState(),
                            state -> state == State.STATE_CANDIDATE || state == State.STATE_FOLLOWER);
            assertThrows(StatusRuntimeException.class, () -> cluster.append(cluster.channel(old.address()), "no"));
            assertFalse(cluster.read().contains("no"));
            writer.awaitMore(20);
            cluster.awaitReady();
            assertEquals(epoch, cluster.replica(leader).getEpoch());
            writer.assertNothingLost();
            cluster.kubelet().reconnect(pod);
            await("the old process is gone").atMost(RealCluster.PATIENCE).until(() -> !old.alive());
            cluster.awaitReady();
        }
    }

    @Test
    void aVolumeThatWasMadeAgainIsNoVoterBeforeItHasCaughtUp() throws InterruptedException {
        try (var writer = new SteadyWriter(cluster)) {
            writer.awaitMore(10);
            var follower = (cluster.awaitLeader() + 1) % 3;
            var pod = cluster.pod(follower);
            var before = cluster.replica(follower).getStorageUuid();
            var configBefore = cluster.replica(cluster.awaitLeader()).getConfigId();
            var voted = new CopyOnWriteArrayList<String>();
            var watching = Thread.ofPlatform().start(() -> watchVoter(follower, voted));
            try {
                cluster.admin()
                        .persistentVolumeClaims()
                        .inNamespace(NAMESPACE)
                        .withName("data-orders-" + follower)
                        .delete();
                cluster.admin().resource(pod).delete();
                awaitSuccessor(pod);
                await("another volume")
                        .atMost(RealCluster.PATIENCE)
                        .ignoreException(StatusRuntimeException.class)
                        .until(() -> !cluster.replica(follower).getStorageUuid().equals(before));
                cluster.awaitReady();
                writer.awaitMore(10);
                var after = text(cluster.replica(follower).getStorageUuid());
                await("the new volume is seen to vote")
                        .atMost(RealCluster.PATIENCE)
                        .until(() -> voted.getLast().equals(after));
                // Nobody may have looked while neither did.
                voted.remove("");
                assertEquals(List.of(text(before), after), voted);
                // Removed, added as a learner, and promoted when it had caught up.
                var configAfter = cluster.replica(cluster.awaitLeader()).getConfigId();
                assertTrue(configAfter >= configBefore + 3, configBefore + " to " + configAfter);
            } finally {
                watching.interrupt();
                watching.join();
            }
            writer.assertNothingLost();
        }
    }

    private static String text(ByteString bytes) {
        return HexFormat.of().formatHex(bytes.toByteArray());
    }

    /// Each change of the storage with which this node votes, as the leader says; empty: it does not vote.
    private static void watchVoter(int node, List<String> voted) {
        while (!Thread.interrupted()) {
            try {
                var leads = cluster.leader();
                if (leads.isPresent()) {
                    var votes = cluster.replica(leads.getAsInt()).getVotersList().stream()
                            .filter(voter -> voter.getNodeId() == node)
                            .map(voter -> text(voter.getStorageUuid()))
                            .findFirst()
                            .orElse("");
                    if (voted.isEmpty() || !voted.getLast().equals(votes)) {
                        voted.add(votes);
                    }
                }
            } catch (StatusRuntimeException notThere) {
                // Whoever leads next says it.
            }
            LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
        }
    }

    @Test
    void volumesThatWereExchangedVoteForNobodyAndTheStatusSaysWhatToDo() {
        cluster.append("before");
        var records = cluster.read();
        hibernate();
        cluster.exchangeVolumes(1, 2);
        cluster.apply("");
        await("both say what they found").atMost(RealCluster.PATIENCE).untilAsserted(() -> {
            assertTrue(cluster.detail(1).contains("belongs to node 2, this is node 1"), cluster.detail(1));
            assertTrue(cluster.detail(2).contains("belongs to node 1, this is node 2"), cluster.detail(2));
            assertTrue(cluster.detail(2).contains("its own volume back"), cluster.detail(2));
        });
        // One of three is no majority: nobody leads, and nothing was made anew.
        assertTrue(cluster.leader().isEmpty());
        assertEquals("False", cluster.conditions().get("Available").status().toString());

        hibernate();
        cluster.exchangeVolumes(1, 2);
        cluster.apply("");
        cluster.awaitReady();
        assertEquals(records, cluster.read());
    }

    private static void hibernate() {
        cluster.apply("lifecycle: Hibernated");
        await("no pods").atMost(RealCluster.PATIENCE).until(() -> cluster.pods().isEmpty());
    }
}
