package io.taffrail.operator.observe;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.taffrail.operator.control.CallOutcome;
import io.taffrail.operator.control.ReplicaAddress;
import io.taffrail.operator.control.ReplicaChannels;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.crd.LogClusterStatus;
import io.taffrail.operator.crd.LogClusterStatus.BootstrapVoter;
import io.taffrail.operator.observe.ObservedCluster.Claim;
import io.taffrail.operator.observe.ObservedCluster.LogEnd;
import io.taffrail.operator.observe.ObservedCluster.Pod;
import io.taffrail.operator.observe.ObservedCluster.PodSet;
import io.taffrail.operator.observe.ObservedCluster.Recorded;
import io.taffrail.operator.observe.ObservedCluster.Recovery;
import io.taffrail.operator.resource.ClusterNames;
import io.taffrail.operator.resource.ClusterResources;
import io.taffrail.operator.resource.Drift;
import io.taffrail.proto.control.ControlGrpc.ControlBlockingStub;
import io.taffrail.proto.control.ForceRecoveryRequest;
import io.taffrail.proto.control.ForceRecoveryResponse;
import io.taffrail.proto.control.GetStatusRequest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Looks at a cluster: its objects straight from the API server, since a plan made from a stale cache could restart a
/// second pod, and its replicas by their own word. Changes nothing.
public final class ClusterObserver {
    private final KubernetesClient client;
    private final ReplicaChannels channels;

    public ClusterObserver(KubernetesClient client, ReplicaChannels channels) {
        this.client = client;
        this.channels = channels;
    }

    public ObservedCluster observe(LogCluster cluster, ClusterResources wanted, @Nullable TlsReading tls) {
        var names = ClusterNames.of(cluster);
        var meta = cluster.getMetadata();
        var live = live(wanted);
        var statefulSet = (StatefulSet) live.get(ClusterResources.key(wanted.statefulSet()));
        var found = client.pods().inNamespace(names.namespace()).withLabels(names.selector()).list().getItems().stream()
                .filter(pod -> isMember(pod, names::pod))
                .toList();
        var nodes = new TreeMap<Integer, String>();
        for (var pod : found) {
            if (pod.getSpec() != null && pod.getSpec().getNodeName() != null) {
                nodes.put(
                        ClusterNames.ordinal(pod.getMetadata().getName()),
                        pod.getSpec().getNodeName());
            }
        }
        var pods = found.stream().map(PodReading::of).toList();
        var replicas = new TreeMap<Integer, ObservedReplica>();
        var refused = new TreeMap<Integer, String>();
        askReplicas(cluster, pods, tls, replicas, refused);
        var undecided = cluster.getSpec().forceRecovery() != null
                && replicas.values().stream().noneMatch(ObservedReplica::leads);
        for (var pod : found) {
            var ordinal = ClusterNames.ordinal(pod.getMetadata().getName());
            var words = PodReading.lastWords(pod);
            if (words != null && !replicas.containsKey(ordinal)) {
                refused.put(ordinal, words);
            }
        }
        return new ObservedCluster(
                names.cluster(),
                names.namespace(),
                meta.getUid(),
                meta.getGeneration() == null ? 1 : meta.getGeneration(),
                recorded(cluster.getStatus()),
                outdated(wanted, live, statefulSet),
                strange(cluster, live),
                statefulSet == null ? null : podSet(cluster, wanted, statefulSet),
                pods,
                claims(cluster, names),
                replicas,
                refused,
                tls == null ? null : tls.certificate(),
                newest(cluster.getStatus()),
                nodes,
                undecided ? recoveryOffer(cluster, pods, replicas, tls) : null,
                undecided ? logEnds(cluster, pods, replicas, tls) : Map.of());
    }

    /// By its name, too: whoever wants to pass for a member, to a network policy say, may have given it the label.
    private static boolean isMember(HasMetadata found, IntFunction<String> nameOf) {
        var name = found.getMetadata().getName();
        var ordinal = ClusterNames.ordinal(name);
        return ordinal >= 0 && name.equals(nameOf.apply(ordinal));
    }

    private static String newest(@Nullable LogClusterStatus status) {
        return status == null || status.newestVersion() == null ? "" : status.newestVersion();
    }

    private static Recorded recorded(@Nullable LogClusterStatus status) {
        if (status == null) {
            return Recorded.NOTHING;
        }
        var bootstrap = status.bootstrap();
        var storages = bootstrap == null
                ? Map.<Integer, String>of()
                : bootstrap.voters().stream()
                        .collect(Collectors.toMap(BootstrapVoter::nodeId, BootstrapVoter::storageId, (a, b) -> b));
        var done = bootstrap != null && bootstrap.completedAt() != null;
        var recoveries =
                status.recoveries().stream().map(ClusterObserver::recovery).toList();
        return new Recorded(status.clusterId(), storages, done, Set.copyOf(status.voters()), recoveries);
    }

    private static Recovery recovery(LogClusterStatus.Recovery recorded) {
        return new Recovery(
                recorded.requestId(),
                recorded.from(),
                recorded.survivors() == null ? List.of() : recorded.survivors(),
                recorded.clusterId(),
                Long.parseUnsignedLong(recorded.expectLastLsn()),
                recorded.previousHistoryId(),
                recorded.plan() == null ? List.of() : recorded.plan(),
                recorded.completedAt() != null);
    }

    /// What there is of the names that the cluster's objects have, by `Kind/name`.
    private Map<String, HasMetadata> live(ClusterResources wanted) {
        var live = new LinkedHashMap<String, HasMetadata>();
        for (var resource : wanted.all()) {
            var found = client.resource(resource).get();
            if (found != null) {
                live.put(ClusterResources.key(resource), found);
            }
        }
        return live;
    }

    private static List<String> outdated(
            ClusterResources wanted, Map<String, HasMetadata> live, @Nullable StatefulSet statefulSet) {
        var outdated = new ArrayList<String>();
        for (var resource : wanted.owned()) {
            if (isOutdated(resource, live.get(ClusterResources.key(resource)))) {
                outdated.add(ClusterResources.key(resource));
            }
        }
        if (statefulSet == null || ClusterResources.setDrifted(wanted.statefulSet(), statefulSet)) {
            outdated.add(ClusterResources.key(wanted.statefulSet()));
        }
        return outdated;
    }

    /// Made neither for this LogCluster nor for one of its name that was here before.
    private static List<String> strange(LogCluster cluster, Map<String, HasMetadata> live) {
        var meta = cluster.getMetadata();
        return live.entrySet().stream()
                .filter(entry -> {
                    var found = entry.getValue().getMetadata();
                    var labels = found.getLabels();
                    return !(labels != null && meta.getName().equals(labels.get(ClusterNames.CLUSTER_LABEL)))
                            && found.getOwnerReferences().stream()
                                    .noneMatch(owner -> owner.getUid().equals(meta.getUid()));
                })
                .map(Map.Entry::getKey)
                .toList();
    }

    private static boolean isOutdated(HasMetadata wanted, @Nullable HasMetadata live) {
        if (live == null || Drift.between(wanted, live)) {
            return true;
        }
        // A selector with one word more selects nothing: here what others add is not theirs.
        return wanted instanceof Service service
                && live instanceof Service found
                && !service.getSpec().getSelector().equals(found.getSpec().getSelector());
    }

    private static PodSet podSet(LogCluster cluster, ClusterResources wanted, StatefulSet live) {
        var have = live.getMetadata().getAnnotations();
        var want = wanted.statefulSet().getMetadata().getAnnotations();
        var own = cluster.getMetadata().getAnnotations();
        var replicas = live.getSpec().getReplicas();
        return new PodSet(
                replicas == null ? 1 : replicas,
                annotation(have, ClusterNames.TEMPLATE_ANNOTATION),
                annotation(want, ClusterNames.TEMPLATE_ANNOTATION),
                !annotation(have, ClusterNames.INPUTS_ANNOTATION)
                        .equals(annotation(want, ClusterNames.INPUTS_ANNOTATION)),
                annotation(own, ClusterNames.APPROVED_ANNOTATION));
    }

    static String annotation(@Nullable Map<String, String> annotations, String key) {
        return annotations == null ? "" : annotations.getOrDefault(key, "");
    }

    private List<Claim> claims(LogCluster cluster, ClusterNames names) {
        return client
                .persistentVolumeClaims()
                .inNamespace(names.namespace())
                .withLabels(names.selector())
                .list()
                .getItems()
                .stream()
                .filter(claim -> isMember(claim, names::claim))
                .map(claim -> claim(cluster, claim))
                .toList();
    }

    private static Claim claim(LogCluster cluster, PersistentVolumeClaim claim) {
        var name = claim.getMetadata().getName();
        var status = claim.getStatus();
        return new Claim(
                name,
                ClusterNames.ordinal(name),
                storage(claim.getSpec().getResources().getRequests()),
                status == null ? 0 : storage(status.getCapacity()),
                claim.getMetadata().getOwnerReferences().stream()
                        .anyMatch(owner ->
                                owner.getUid().equals(cluster.getMetadata().getUid())),
                claim.getMetadata().getDeletionTimestamp() != null,
                isOlder(claim, cluster));
    }

    private static boolean isOlder(HasMetadata one, HasMetadata other) {
        var created = one.getMetadata().getCreationTimestamp();
        var others = other.getMetadata().getCreationTimestamp();
        return created != null && others != null && Instant.parse(created).isBefore(Instant.parse(others));
    }

    private static long storage(@Nullable Map<String, Quantity> resources) {
        var quantity = resources == null ? null : resources.get("storage");
        return quantity == null ? 0 : quantity.getNumericalAmount().longValue();
    }

    private void askReplicas(
            LogCluster cluster,
            List<Pod> pods,
            @Nullable TlsReading tls,
            Map<Integer, ObservedReplica> replicas,
            Map<Integer, String> refused) {
        var answers = ask(
                cluster,
                pods,
                tls,
                (node, stub) -> ControlMapping.replica(stub.getStatus(GetStatusRequest.getDefaultInstance())));
        answers.forEach((ordinal, answer) -> {
            switch (answer) {
                case CallOutcome.Answer<ObservedReplica>(ObservedReplica replica) ->
                    accept(ordinal, replica, replicas, refused);
                case CallOutcome.Refused<ObservedReplica>(String code, String message) ->
                    refused.put(ordinal, code + ": " + message);
                case CallOutcome.Unreachable<ObservedReplica>(String message) -> refused.put(ordinal, message);
            }
        });
    }

    private interface Question<T> {
        T of(int node, ControlBlockingStub stub);
    }

    /// All at once: a replica that does not answer costs one deadline, not one each.
    private <T> Map<Integer, CallOutcome<T>> ask(
            LogCluster cluster, List<Pod> pods, @Nullable TlsReading tls, Question<T> question) {
        var names = ClusterNames.of(cluster);
        var asked = new TreeMap<Integer, Future<CallOutcome<T>>>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var pod : pods) {
                var address = address(names, pod, tls);
                if (address != null) {
                    asked.put(
                            pod.ordinal(),
                            threads.submit(() -> channels.status(
                                    address,
                                    tls == null ? null : tls.credentials(),
                                    stub -> question.of(pod.ordinal(), stub))));
                }
            }
        }
        var answers = new TreeMap<Integer, CallOutcome<T>>();
        asked.forEach((node, answer) -> answers.put(node, answer.resultNow()));
        return answers;
    }

    /// The plan alone: nothing changes by it.
    private @Nullable RecoveryOffer recoveryOffer(
            LogCluster cluster, List<Pod> pods, Map<Integer, ObservedReplica> replicas, @Nullable TlsReading tls) {
        var asked = cluster.getSpec().forceRecovery();
        if (asked == null || !replicas.containsKey(asked.from())) {
            return null;
        }
        var survivor =
                pods.stream().filter(pod -> pod.ordinal() == asked.from()).toList();
        return switch (ask(cluster, survivor, tls, (node, stub) -> stub.forceRecovery(plan(asked.goingOn())))
                .get(asked.from())) {
            case null -> null;
            case CallOutcome.Answer<ForceRecoveryResponse>(ForceRecoveryResponse plan) ->
                new RecoveryOffer.Possible(
                        ControlMapping.id(plan.getClusterId()),
                        ControlMapping.id(plan.getHistoryId()),
                        plan.getLastLsn(),
                        plan.getPlanList());
            case CallOutcome.Refused<ForceRecoveryResponse>(String code, String message) ->
                new RecoveryOffer.Refused(message);
            case CallOutcome.Unreachable<ForceRecoveryResponse> gone -> null;
        };
    }

    /// By each replica's plan of going on alone, which says where its log ends; nothing changes by it.
    private Map<Integer, LogEnd> logEnds(
            LogCluster cluster, List<Pod> pods, Map<Integer, ObservedReplica> replicas, @Nullable TlsReading tls) {
        var members = pods.stream()
                .filter(pod -> {
                    var replica = replicas.get(pod.ordinal());
                    return replica != null && replica.clusterId() != null;
                })
                .toList();
        var ends = new TreeMap<Integer, LogEnd>();
        ask(cluster, members, tls, (node, stub) -> stub.forceRecovery(plan(List.of(node))))
                .forEach((node, answer) -> {
                    if (answer instanceof CallOutcome.Answer<ForceRecoveryResponse>(ForceRecoveryResponse plan)) {
                        ends.put(node, new LogEnd(plan.getLastEpoch(), plan.getLastLsn()));
                    }
                });
        return ends;
    }

    private static ForceRecoveryRequest plan(List<Integer> survivors) {
        return ForceRecoveryRequest.newBuilder()
                .addAllSurvivorNodeIds(survivors)
                .build();
    }

    /// Null: the pod has no address yet.
    public static @Nullable ReplicaAddress address(ClusterNames names, Pod pod, @Nullable TlsReading tls) {
        var ip = pod.ip();
        return ip == null
                ? null
                : new ReplicaAddress(
                        ip,
                        ClusterNames.CLIENT_PORT,
                        names.podHost(pod.ordinal()),
                        tls == null ? "" : tls.secretName());
    }

    /// The address of a pod that went may belong to another one by now.
    private static void accept(
            int ordinal,
            ObservedReplica replica,
            Map<Integer, ObservedReplica> replicas,
            Map<Integer, String> refused) {
        if (replica.nodeId() == ordinal) {
            replicas.put(ordinal, replica);
        } else {
            refused.put(ordinal, "node " + replica.nodeId() + " answered at the address of node " + ordinal);
        }
    }
}
