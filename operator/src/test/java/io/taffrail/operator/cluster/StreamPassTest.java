package io.taffrail.operator.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import io.fabric8.kubernetes.client.server.mock.EnableKubernetesMockClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.taffrail.operator.control.ReplicaChannels;
import io.taffrail.operator.crd.Condition;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.crd.LogStream;
import io.taffrail.operator.crd.LogStreamSpec;
import io.taffrail.operator.resource.ClusterNames;
import io.taffrail.operator.stream.StreamPass;
import io.taffrail.operator.stream.StreamPlanner;
import io.taffrail.proto.control.BootstrapRequest;
import io.taffrail.proto.control.Voter;
import io.taffrail.proto.log.StreamConfig;
import io.taffrail.proto.log.StreamDescription;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Passes over a stream, with a cluster of three whose node 0 leads as far as the LogCluster's status knows.
@EnableKubernetesMockClient(crud = true)
final class StreamPassTest {
    private static final Instant NOW = Instant.parse("2026-11-01T12:00:00Z");

    KubernetesClient client;
    // Whoever starts again is behind for as long as a test lasts.
    private final StandInCluster replicas = new StandInCluster(Duration.ofDays(1));
    private final Loopback loopback = new Loopback();
    private final List<StandInReplica> running = new ArrayList<>();
    private final ReplicaChannels channels = new ReplicaChannels();
    private StreamPass pass;

    @BeforeEach
    void start() {
        for (var node = 0; node < 3; node++) {
            running.add(new StandInReplica(replicas, node, loopback.address(node), ClusterNames.CLIENT_PORT));
            client.resource(new PodBuilder()
                            .withNewMetadata()
                            .withName("orders-" + node)
                            .withNamespace("shop")
                            .endMetadata()
                            .withNewStatus()
                            .withPodIP(loopback.address(node))
                            .endStatus()
                            .build())
                    .create();
        }
        replicas.endReads();
        var voters = IntStream.range(0, 3)
                .mapToObj(node -> Voter.newBuilder()
                        .setNodeId(node)
                        .setStorageUuid(replicas.status(node).getStorageUuid())
                        .build())
                .toList();
        var request = BootstrapRequest.newBuilder()
                .setClusterId(ByteString.copyFromUtf8("one cluster only"))
                .addAllVoters(voters)
                .build();
        IntStream.range(0, 3).forEach(node -> replicas.bootstrap(node, request));
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName("shop")
                        .endMetadata()
                        .build())
                .create();
        cluster("lifecycle: Running");
        pass = new StreamPass(client, channels);
    }

    @AfterEach
    void stop() {
        channels.close();
        running.forEach(StandInReplica::close);
    }

    private void cluster(String spec) {
        client.resource(Serialization.unmarshal("""
                        apiVersion: taffrail.io/v1alpha1
                        kind: LogCluster
                        metadata: {name: orders, namespace: shop}
                        spec: {storage: {size: 1Gi}, %s}
                        status: {leader: {pod: orders-0, epoch: "1", since: then}}
                        """.formatted(spec), LogCluster.class))
                .createOr(NonDeletingOperation::update);
    }

    private LogStream stream() {
        return Serialization.unmarshal("""
                apiVersion: taffrail.io/v1alpha1
                kind: LogStream
                metadata: {name: payments, namespace: shop}
                spec: {clusterRef: {name: orders}, streamName: payments, deletionPolicy: Delete}
                """, LogStream.class);
    }

    @Test
    void deletesTheStreamAndLetsGoOfWhatIsGone() {
        pass.reconcile(stream(), NOW);
        assertTrue(replicas.streams().containsKey("payments"));
        assertNull(pass.leave(stream()));
        assertFalse(replicas.streams().containsKey("payments"));
        assertNull(pass.leave(stream()));
    }

    @Test
    void isNotToldThatTheStreamIsGoneByOneThatNoLongerLeads() {
        replicas.stop(0);
        replicas.start(0);
        assertEquals(1, replicas.leader());
        var config = StreamConfig.newBuilder().putLabels(StreamPlanner.OWNER_LABEL, "shop/payments");
        replicas.streams()
                .put(
                        "payments",
                        StreamDescription.newBuilder().setConfig(config).build());
        assertEquals("NOT_LEADER: UNAVAILABLE", pass.leave(stream()));
        assertTrue(replicas.streams().containsKey("payments"));
    }

    @Test
    void nobodyIsAlarmedByAStreamOfAClusterThatSleepsAsItShould() {
        cluster("lifecycle: Hibernated");
        var ready = pass.reconcile(stream(), NOW).conditions().getFirst();
        assertEquals(Condition.Status.Unknown, ready.status());
        assertEquals("Hibernated", ready.reason());
        assertTrue(pass.reconcile(stream(), NOW).atRest());
    }

    @Test
    void changesNoStreamOfAClusterThatIsPaused() {
        pass.reconcile(stream(), NOW);
        cluster("management: Paused");
        assertEquals("the cluster's management is Paused: nothing is deleted from it", pass.leave(stream()));
        assertTrue(replicas.streams().containsKey("payments"));
        replicas.streams().clear();
        var ready = pass.reconcile(stream(), NOW).conditions().getFirst();
        assertEquals(Condition.Status.Unknown, ready.status());
        assertEquals("Paused", ready.reason());
        assertTrue(pass.reconcile(stream(), NOW).atRest());
        assertTrue(replicas.streams().isEmpty());
        // Whoever waits for a namespace to go does not wait for this.
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName("shop")
                        .endMetadata()
                        .build())
                .delete();
        assertNull(pass.leave(stream()));
    }

    /// The stream that it leaves keeps its label.
    @Test
    void aStreamWhoseLogStreamIsGoneIsNobodys() {
        pass.reconcile(stream(), NOW);
        var other = stream();
        other.getMetadata().setName("renamed");
        client.resource(stream()).create();
        assertEquals("ManagedByAnother", reason(other));
        client.resource(stream()).delete();
        assertEquals("StreamExists", reason(other));
        other.setSpec(Serialization.unmarshal("""
                clusterRef: {name: orders}
                streamName: payments
                adoptionPolicy: IfUnmanaged
                """, LogStreamSpec.class));
        assertEquals("AsSpecified", reason(other));
        // The one before is made again: now it is the other that manages.
        client.resource(other).create();
        assertEquals("ManagedByAnother", reason(stream()));
    }

    private String reason(LogStream stream) {
        return pass.reconcile(stream, NOW).conditions().getFirst().reason();
    }
}
