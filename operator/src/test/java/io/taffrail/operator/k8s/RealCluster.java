package io.taffrail.operator.k8s;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.taffrail.operator.cluster.LoopbackPrefix;
import io.taffrail.operator.crd.Condition;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.crd.LogClusterStatus;
import io.taffrail.operator.crd.LogStream;
import io.taffrail.proto.log.Acknowledgement;
import io.taffrail.proto.log.AppendRequest;
import io.taffrail.proto.log.LogGrpc;
import io.taffrail.proto.log.ReadRequest;
import io.taffrail.proto.log.Record;
import io.taffrail.proto.log.WhoLeadsRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;

/// The LogCluster `orders` of real servers, in a namespace of a real API server, and what a client of it does. Clients
/// ask the replicas who leads and never the API server.
final class RealCluster implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofMinutes(2);
    static final String STREAM = "payments";
    private static final int REPLICAS_MAX = 5;

    private final KubernetesClient admin;
    private final String namespace;
    private final String prefix = LoopbackPrefix.next();
    private final Path folder;
    private final LocalKubelet kubelet;
    private final Map<Integer, ManagedChannel> channels = new ConcurrentSkipListMap<>();

    /// @param folder for the volumes
    RealCluster(ControlPlane plane, String namespace, Path folder) {
        ServiceProcess.jar();
        this.namespace = namespace;
        this.folder = folder;
        admin = plane.client();
        admin.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(namespace)
                        .endMetadata()
                        .build())
                .serverSideApply();
        var hosts = folder.resolve("hosts");
        try {
            Files.write(hosts, ServiceProcess.hostsLines("orders", namespace, prefix, REPLICAS_MAX));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        kubelet = new LocalKubelet(
                admin,
                namespace,
                prefix,
                (pod, address, claim) -> ServiceProcess.start(
                        admin,
                        pod,
                        address,
                        volume(Objects.requireNonNull(claim).getMetadata().getUid()),
                        hosts));
    }

    KubernetesClient admin() {
        return admin;
    }

    LocalKubelet kubelet() {
        return kubelet;
    }

    /// Of the claim with this uid.
    Path volume(String claim) {
        return folder.resolve(claim);
    }

    void apply(String spec) {
        var yaml = "{apiVersion: taffrail.io/v1alpha1, kind: LogCluster, metadata: {name: orders, namespace: "
                + namespace + "}, spec: {io: {direct: false}, storage: {size: 1Gi}}}";
        admin.resource(Yaml.resource(yaml, spec)).forceConflicts().serverSideApply();
    }

    LogCluster cluster() {
        return admin.resources(LogCluster.class)
                .inNamespace(namespace)
                .withName("orders")
                .get();
    }

    LogClusterStatus status() {
        var status = cluster().getStatus();
        return status == null ? LogClusterStatus.NONE : status;
    }

    Map<String, Condition> conditions() {
        return status().conditions().stream().collect(Collectors.toMap(Condition::type, it -> it));
    }

    void awaitReady() {
        await("ready").atMost(PATIENCE).pollInterval(Duration.ofMillis(200)).untilAsserted(() -> {
            assertEquals(cluster().getMetadata().getGeneration(), status().observedGeneration());
            for (var type : List.of("Ready", "Reconciled", "DurabilityMet")) {
                var condition = conditions().get(type);
                assertNotNull(condition, type);
                assertEquals(Condition.Status.True, condition.status(), condition.message());
            }
        });
    }

    /// Makes the stream `payments`, as a LogStream.
    void createStream() {
        admin.resource(Yaml.resource("{apiVersion: taffrail.io/v1alpha1, kind: LogStream, metadata: {name: " + STREAM
                        + ", namespace: " + namespace + "}, spec: {clusterRef: {name: orders}, streamName: " + STREAM
                        + ", retention: {age: 24h}}}"))
                .create();
        await("stream").atMost(PATIENCE).untilAsserted(() -> {
            var stream = admin.resources(LogStream.class)
                    .inNamespace(namespace)
                    .withName(STREAM)
                    .get();
            assertNotNull(stream.getStatus());
            assertEquals(
                    "AsSpecified", stream.getStatus().conditions().getFirst().reason());
        });
    }

    Pod pod(int ordinal) {
        return admin.pods().inNamespace(namespace).withName("orders-" + ordinal).get();
    }

    /// Names and uids.
    Map<String, String> pods() {
        return admin.pods().inNamespace(namespace).list().getItems().stream()
                .collect(Collectors.toMap(
                        pod -> pod.getMetadata().getName(),
                        pod -> pod.getMetadata().getUid()));
    }

    ServiceProcess process(int ordinal) {
        return (ServiceProcess) kubelet.container("orders-" + ordinal).orElseThrow();
    }

    ManagedChannel channel(int ordinal) {
        return channels.computeIfAbsent(
                ordinal,
                node -> NettyChannelBuilder.forAddress(new InetSocketAddress(prefix + (10 + node), 9090))
                        .usePlaintext()
                        .build());
    }

    /// As the replicas say.
    OptionalInt leader() {
        for (var node = 0; node < REPLICAS_MAX; node++) {
            try {
                var answer = LogGrpc.newBlockingStub(channel(node))
                        .withDeadlineAfter(1, TimeUnit.SECONDS)
                        .whoLeads(WhoLeadsRequest.getDefaultInstance());
                if (answer.hasLeader()) {
                    return OptionalInt.of(answer.getLeader().getNodeId());
                }
            } catch (StatusRuntimeException notThere) {
                // Another one may know.
                channel(node).resetConnectBackoff();
            }
        }
        return OptionalInt.empty();
    }

    <T> T withLeader(Function<ManagedChannel, T> call) {
        return call.apply(channel(leader().orElseThrow()));
    }

    Acknowledgement append(String... values) {
        return withLeader(channel -> append(channel, values));
    }

    /// `StatusRuntimeException` where it was not acknowledged.
    Acknowledgement append(ManagedChannel channel, String... values) {
        var request = AppendRequest.newBuilder().setRequestId(1).setStream(STREAM);
        for (var value : values) {
            request.addRecords(Record.newBuilder().setValue(ByteString.copyFromUtf8(value)));
        }
        var response = LogGrpc.newBlockingStub(channel)
                .withDeadlineAfter(5, TimeUnit.SECONDS)
                .append(request.build());
        assertTrue(response.hasAcknowledgement(), response.toString());
        return response.getAcknowledgement();
    }

    List<String> read() {
        return withLeader(this::read);
    }

    List<String> read(ManagedChannel channel) {
        var values = new ArrayList<String>();
        LogGrpc.newBlockingStub(channel)
                .withDeadlineAfter(1, TimeUnit.MINUTES)
                .read(ReadRequest.newBuilder().setStream(STREAM).setOffset(0).build())
                .forEachRemaining(response -> response.getBatchesList()
                        .forEach(batch -> batch.getRecordsList()
                                .forEach(record -> values.add(record.getValue().toStringUtf8()))));
        return values;
    }

    @Override
    public void close() {
        channels.values().forEach(ManagedChannel::shutdownNow);
        kubelet.close();
        admin.close();
    }
}
