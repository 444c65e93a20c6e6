package io.taffrail.operator.k8s;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.taffrail.operator.cluster.LoopbackPrefix;
import io.taffrail.operator.crd.Condition;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.crd.LogClusterStatus;
import io.taffrail.operator.crd.LogStream;
import io.taffrail.proto.control.ControlGrpc;
import io.taffrail.proto.control.GetStatusRequest;
import io.taffrail.proto.log.AppendRequest;
import io.taffrail.proto.log.LogGrpc;
import io.taffrail.proto.log.ReadRequest;
import io.taffrail.proto.log.Record;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A cluster of the real server, made and kept by the operator through a real API server.
final class RealServiceTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String NAMESPACE = "real";

    @TempDir
    Path folder;

    private KubernetesClient admin;
    private LocalKubelet kubelet;
    private RunningOperator operator;

    @BeforeEach
    void start() throws IOException {
        ServiceProcess.jar();
        var plane = ControlPlane.require();
        admin = plane.client();
        admin.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(NAMESPACE)
                        .endMetadata()
                        .build())
                .create();
        var prefix = LoopbackPrefix.next();
        var hosts = folder.resolve("hosts");
        Files.write(hosts, ServiceProcess.hostsLines("orders", NAMESPACE, prefix, 5));
        kubelet = new LocalKubelet(
                admin,
                NAMESPACE,
                prefix,
                (pod, address, claim) -> ServiceProcess.start(
                        admin, pod, address, folder.resolve(claim.getMetadata().getUid()), hosts));
        operator = new RunningOperator(admin, NAMESPACE);
    }

    @AfterEach
    void stop() {
        if (operator != null) {
            operator.close();
            kubelet.close();
            admin.close();
        }
    }

    private void apply(String spec) {
        var yaml = "{apiVersion: taffrail.io/v1alpha1, kind: LogCluster, metadata: {name: orders, namespace: "
                + NAMESPACE + "}, spec: {io: {direct: false}, storage: {size: 1Gi}}}";
        admin.resource(Yaml.resource(yaml, spec)).forceConflicts().serverSideApply();
    }

    private LogCluster cluster() {
        return admin.resources(LogCluster.class)
                .inNamespace(NAMESPACE)
                .withName("orders")
                .get();
    }

    private LogClusterStatus status() {
        var status = cluster().getStatus();
        return status == null ? LogClusterStatus.NONE : status;
    }

    private Map<String, Condition> conditions() {
        return status().conditions().stream().collect(Collectors.toMap(Condition::type, it -> it));
    }

    private void awaitReady() {
        await("ready").atMost(PATIENCE).pollInterval(Duration.ofMillis(500)).untilAsserted(() -> {
            assertEquals(cluster().getMetadata().getGeneration(), status().observedGeneration());
            for (var type : List.of("Ready", "Reconciled", "DurabilityMet")) {
                var condition = conditions().get(type);
                assertNotNull(condition, type);
                assertEquals(Condition.Status.True, condition.status(), condition.message());
            }
        });
    }

    private <T> T withLeader(Function<ManagedChannel, T> call) {
        var leader = status().leader();
        assertNotNull(leader);
        var pod = admin.pods().inNamespace(NAMESPACE).withName(leader.pod()).get();
        var channel = NettyChannelBuilder.forAddress(
                        new InetSocketAddress(pod.getStatus().getPodIP(), 9090))
                .usePlaintext()
                .build();
        try {
            return call.apply(channel);
        } finally {
            channel.shutdownNow();
        }
    }

    private void append(String... values) {
        withLeader(channel -> {
            var request = AppendRequest.newBuilder().setRequestId(1).setStream("payments");
            for (var value : values) {
                request.addRecords(Record.newBuilder().setValue(ByteString.copyFromUtf8(value)));
            }
            var response = LogGrpc.newBlockingStub(channel).append(request.build());
            assertTrue(response.hasAcknowledgement(), response.toString());
            return response;
        });
    }

    private List<String> read() {
        return withLeader(channel -> {
            var values = new ArrayList<String>();
            var request =
                    ReadRequest.newBuilder().setStream("payments").setOffset(0).build();
            LogGrpc.newBlockingStub(channel)
                    .read(request)
                    .forEachRemaining(response -> response.getBatchesList()
                            .forEach(batch -> batch.getRecordsList()
                                    .forEach(record ->
                                            values.add(record.getValue().toStringUtf8()))));
            return values;
        });
    }

    private Map<String, String> pods() {
        return admin.pods().inNamespace(NAMESPACE).list().getItems().stream()
                .collect(Collectors.toMap(
                        pod -> pod.getMetadata().getName(),
                        pod -> pod.getMetadata().getUid()));
    }

    @Test
    void aClusterOfThreeKeepsItsRecordsThroughEverythingThatTheOperatorDoes() {
        apply("");
        awaitReady();
        assertEquals(List.of(0, 1, 2), status().voters());

        admin.resource(Yaml.resource("{apiVersion: taffrail.io/v1alpha1, kind: LogStream, metadata: {name: payments,"
                        + " namespace: " + NAMESPACE + "}, spec: {clusterRef: {name: orders}, streamName: payments,"
                        + " commitMode: Sync, replicationMode: Quorum, retention: {age: 24h}}}"))
                .create();
        await("stream").atMost(PATIENCE).untilAsserted(() -> {
            var stream = admin.resources(LogStream.class)
                    .inNamespace(NAMESPACE)
                    .withName("payments")
                    .get();
            assertNotNull(stream.getStatus());
            assertEquals(
                    "AsSpecified", stream.getStatus().conditions().getFirst().reason());
        });
        append("one", "two");
        assertEquals(List.of("one", "two"), read());

        // Settings without a restart.
        var before = pods();
        apply("writerDelay: 25ms");
        awaitReady();
        var settings = withLeader(channel -> ControlGrpc.newBlockingStub(channel)
                .getStatus(GetStatusRequest.getDefaultInstance())
                .getSettings());
        assertEquals(25_000, settings.getWriterDelayMicros());
        assertEquals(before, pods());

        // A rolling change: every pod is another one, and nothing is lost.
        apply("{writerDelay: 25ms, podTemplate: {annotations: {restarted: again}}}");
        await("restarted")
                .atMost(PATIENCE)
                .until(() -> pods().keySet().equals(before.keySet())
                        && pods().values().stream().noneMatch(before::containsValue));
        awaitReady();
        assertEquals(List.of("one", "two"), read());
        append("three");

        // Hibernate and wake.
        apply("{writerDelay: 25ms, podTemplate: {annotations: {restarted: again}}, lifecycle: Hibernated}");
        await("asleep").atMost(PATIENCE).until(() -> pods().isEmpty());
        apply("{writerDelay: 25ms, podTemplate: {annotations: {restarted: again}}}");
        awaitReady();
        assertEquals(List.of("one", "two", "three"), read());
    }
}
