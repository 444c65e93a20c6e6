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
import io.taffrail.operator.resource.ClusterNames;
import io.taffrail.proto.control.ControlGrpc;
import io.taffrail.proto.control.GetStatusRequest;
import io.taffrail.proto.control.ReplicaStatus;
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
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;

/// The LogCluster `orders` of real servers, in a namespace of a real API server, and what a client of it does. Clients
/// ask the replicas who leads and never the API server.
final class RealCluster implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofMinutes(5);
    /// For tests that say that nobody was elected: a leader that a busy machine gives no time is not missed so soon.
    static final String[] PATIENT = {"-Dtaffrail.election.timeout-min=8s", "-Dtaffrail.election.timeout-max=10s"};
    static final String STREAM = "payments";

    private final KubernetesClient admin;
    private final String namespace;
    private final String prefix = LoopbackPrefix.next();
    private final Path folder;
    private final LocalKubelet kubelet;
    private final PodNames names;
    /// Of the newest pod of each ordinal.
    private final Map<Integer, String> addresses = new ConcurrentHashMap<>();
    /// Where any pod is or was, the newest first.
    private final Deque<String> everywhere = new ConcurrentLinkedDeque<>();

    private final Map<String, ManagedChannel> channels = new ConcurrentHashMap<>();
    /// By the claim's uid, those that are not where they were first.
    private final Map<String, Path> moved = new ConcurrentHashMap<>();

    /// @param folder for the volumes
    /// @param jvmOptions of each replica
    RealCluster(ControlPlane plane, String namespace, Path folder, String... jvmOptions) {
        ServerPod.jar();
        this.namespace = namespace;
        this.folder = folder;
        admin = plane.client();
        admin.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(namespace)
                        .endMetadata()
                        .build())
                .serverSideApply();
        names = new PodNames(folder.resolve("hosts"));
        kubelet = new LocalKubelet(admin, namespace, prefix, (pod, address, claim) -> {
            var node = ClusterNames.ordinal(pod.getMetadata().getName());
            names.put(namespace, "orders", node, address);
            addresses.put(node, address);
            everywhere.remove(address);
            everywhere.addFirst(address);
            return ServerPod.start(
                    admin,
                    pod,
                    address,
                    volume(Objects.requireNonNull(claim).getMetadata().getUid()),
                    names.file(),
                    jvmOptions);
        });
    }

    KubernetesClient admin() {
        return admin;
    }

    LocalKubelet kubelet() {
        return kubelet;
    }

    /// Of the claim with this uid.
    private Path volume(String claim) {
        return moved.getOrDefault(claim, folder.resolve(claim));
    }

    private String claim(int ordinal) {
        return admin.persistentVolumeClaims()
                .inNamespace(namespace)
                .withName("data-orders-" + ordinal)
                .get()
                .getMetadata()
                .getUid();
    }

    /// The volume of this replica, as it is now, is taken from its node: the next pod has it, and whoever still runs
    /// has the old attachment, which nobody reads again.
    void detachVolume(int ordinal) {
        var claim = claim(ordinal);
        var from = volume(claim);
        var next = folder.resolve(claim + "-" + moved.size());
        try (var files = Files.walk(from)) {
            for (var file : files.toList()) {
                Files.copy(file, next.resolve(from.relativize(file)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        moved.put(claim, next);
    }

    /// Each of the two claims is bound to the other's volume.
    void exchangeVolumes(int one, int other) {
        var of = volume(claim(one));
        moved.put(claim(one), volume(claim(other)));
        moved.put(claim(other), of);
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

    /// What the status says of a pod may be older than its last kill.
    void awaitLive(int ordinal) {
        await("pod " + ordinal + " live")
                .atMost(PATIENCE)
                .until(() -> kubelet.container("orders-" + ordinal)
                        .map(PodProcess.class::cast)
                        .filter(PodProcess::live)
                        .isPresent());
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

    PodProcess process(int ordinal) {
        return (PodProcess) kubelet.container("orders-" + ordinal).orElseThrow();
    }

    /// Of the newest pod of this ordinal.
    ManagedChannel channel(int ordinal) {
        return channel(addresses.getOrDefault(ordinal, prefix + (10 + ordinal)));
    }

    ManagedChannel channel(String address) {
        return channels.computeIfAbsent(
                address,
                it -> NettyChannelBuilder.forAddress(new InetSocketAddress(it, ClusterNames.CLIENT_PORT))
                        .usePlaintext()
                        .build());
    }

    /// What the replica at this address says of itself.
    ReplicaStatus replica(String address) {
        return ControlGrpc.newBlockingStub(channel(address))
                .withDeadlineAfter(20, TimeUnit.SECONDS)
                .getStatus(GetStatusRequest.getDefaultInstance());
    }

    ReplicaStatus replica(int ordinal) {
        return replica(addresses.getOrDefault(ordinal, prefix + (10 + ordinal)));
    }

    /// What the LogCluster's status says of it; empty: nothing.
    String detail(int ordinal) {
        for (var replica : status().replicas()) {
            var detail = replica.detail();
            if (replica.pod().equals("orders-" + ordinal) && detail != null) {
                return detail;
            }
        }
        return "";
    }

    private record Answer(long epoch, int leader, String address) {}

    /// What the replicas say, those of the newest epoch first.
    private List<Answer> answers() {
        var answers = new ArrayList<Answer>();
        for (var address : everywhere) {
            try {
                var answer = LogGrpc.newBlockingStub(channel(address))
                        .withDeadlineAfter(1, TimeUnit.SECONDS)
                        .whoLeads(WhoLeadsRequest.getDefaultInstance());
                if (answer.hasLeader()) {
                    var hint = answer.getLeader();
                    answers.add(new Answer(hint.getEpoch(), hint.getNodeId(), address));
                }
            } catch (StatusRuntimeException notThere) {
                // Another one may know.
                channel(address).resetConnectBackoff();
            }
        }
        answers.sort(Comparator.comparingLong(Answer::epoch).reversed());
        return answers;
    }

    /// As the replicas say.
    OptionalInt leader() {
        return answers().stream().mapToInt(Answer::leader).findFirst();
    }

    int awaitLeader() {
        return await("a leader")
                .atMost(PATIENCE)
                .until(this::leader, OptionalInt::isPresent)
                .orElseThrow();
    }

    /// To whoever says of itself that it leads, in the newest epoch; also if its pod has a successor already.
    Optional<ManagedChannel> leaderChannel() {
        var answers = answers();
        return answers.stream()
                .filter(answer -> answer.epoch == answers.getFirst().epoch
                        && replica(answer.address).getNodeId() == answer.leader)
                .map(answer -> channel(answer.address))
                .findFirst();
    }

    <T> T withLeader(Function<ManagedChannel, T> call) {
        return call.apply(await("a leader that answers")
                .atMost(PATIENCE)
                .ignoreException(StatusRuntimeException.class)
                .until(this::leaderChannel, Optional::isPresent)
                .orElseThrow());
    }

    Acknowledgement append(String... values) {
        return withLeader(channel -> append(channel, values));
    }

    /// `StatusRuntimeException` where it was not acknowledged.
    Acknowledgement append(ManagedChannel channel, String... values) {
        return append(channel, PATIENCE, values);
    }

    /// As [#append], waiting no longer than that.
    Acknowledgement append(ManagedChannel channel, Duration patience, String... values) {
        var request = AppendRequest.newBuilder().setRequestId(1).setStream(STREAM);
        for (var value : values) {
            request.addRecords(Record.newBuilder().setValue(ByteString.copyFromUtf8(value)));
        }
        var response = LogGrpc.newBlockingStub(channel)
                .withDeadlineAfter(patience.toMillis(), TimeUnit.MILLISECONDS)
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
                .withDeadlineAfter(PATIENCE.toMinutes(), TimeUnit.MINUTES)
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
