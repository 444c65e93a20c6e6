package io.taffrail.operator.k8s;

import io.fabric8.kubernetes.api.model.Binding;
import io.fabric8.kubernetes.api.model.BindingBuilder;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodIPBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.taffrail.operator.resource.ClusterNames;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The part of a cluster that needs nodes: binds pods and claims, runs what is in them, probes whether it is ready,
/// starts it again when it has died, each time a little later, and ends it before its pod goes. Each pod has a loopback
/// address of its own, and each ordinal a node of its own.
final class LocalKubelet implements AutoCloseable {
    private static final Duration LOOK_EVERY = Duration.ofMillis(100);
    private static final long BACK_OFF_NANOS_MAX = 5_000_000_000L;

    /// What runs in a pod.
    interface Container extends AutoCloseable {
        boolean ready();

        /// False: it has ended by itself, and is started again.
        default boolean alive() {
            return true;
        }

        /// Empty: it runs.
        default Optional<Ended> ended() {
            return Optional.empty();
        }

        @Override
        void close();
    }

    /// @param message what it said last
    record Ended(int exitCode, String message) {}

    /// @param againNanos when it may be started again
    private record Crashes(int count, Ended last, long againNanos) {}

    interface ContainerRuntime {
        /// @param claim null: the pod has no volume
        Container run(Pod pod, String address, @Nullable PersistentVolumeClaim claim);
    }

    private static final class Running {
        /// With its namespace.
        final String pod;
        final String address;
        final Container container;

        @Nullable
        Thread ending;

        Running(String pod, String address, Container container) {
            this.pod = pod;
            this.address = address;
            this.container = container;
        }

        void end() {
            if (ending == null) {
                ending = Thread.ofVirtual().start(container::close);
            }
        }

        boolean ended() {
            return ending != null && !ending.isAlive();
        }
    }

    private final KubernetesClient client;
    private final @Nullable String namespace;
    private final ContainerRuntime runtime;
    private final Function<Pod, String> prefix;
    private final Duration every;
    /// By the pod's uid; written by the kubelet's own thread only.
    private final Map<String, Running> containers = new ConcurrentHashMap<>();

    private final Map<String, Crashes> crashes = new HashMap<>();
    private final Set<String> unstartable = ConcurrentHashMap.newKeySet();
    private final Set<String> unreachable = ConcurrentHashMap.newKeySet();
    private final Thread thread;
    private volatile boolean stopping;
    private volatile boolean holding;

    LocalKubelet(KubernetesClient client, String namespace, String prefix, ContainerRuntime runtime) {
        this(client, namespace, pod -> prefix, LOOK_EVERY, runtime);
    }

    /// @param namespace null: all of them
    /// @param prefix of a pod's address, which ends in ten and its ordinal
    /// @param every how often it looks
    LocalKubelet(
            KubernetesClient client,
            @Nullable String namespace,
            Function<Pod, String> prefix,
            Duration every,
            ContainerRuntime runtime) {
        this.client = client;
        this.namespace = namespace;
        this.prefix = prefix;
        this.every = every;
        this.runtime = runtime;
        thread = Thread.ofPlatform().name("kubelet").start(this::run);
    }

    /// Pods of this image never start, as if it could not be pulled.
    void missingImage(String image) {
        unstartable.add(image);
    }

    /// While `now`, nothing new is started.
    void hold(boolean now) {
        holding = now;
    }

    /// The node of this pod is cut off: what runs in it goes on, whatever the API server says of the pod.
    void cutOff(Pod pod) {
        unreachable.add(pod.getMetadata().getUid());
    }

    /// The node is back: what runs without a pod is ended.
    void reconnect(Pod pod) {
        unreachable.remove(pod.getMetadata().getUid());
    }

    /// What runs in the pod of this name, of those that have not been told to end and whose node is not cut off.
    Optional<Container> container(String pod) {
        return containers.entrySet().stream()
                .filter(entry -> !unreachable.contains(entry.getKey()))
                .map(Map.Entry::getValue)
                .filter(running -> running.pod.endsWith("/" + pod) && running.ending == null)
                .map(running -> running.container)
                .findFirst();
    }

    private void run() {
        while (!stopping) {
            try {
                look();
            } catch (KubernetesClientException changedMeanwhile) {
                // Deleted or changed since it was listed: the next look sees it as it is.
                LockSupport.parkNanos(every.toNanos());
            }
            LockSupport.parkNanos(every.toNanos());
        }
    }

    private void look() {
        var claims = new HashMap<String, PersistentVolumeClaim>();
        var allClaims = client.persistentVolumeClaims();
        var foundClaims = namespace == null
                ? allClaims.inAnyNamespace().list()
                : allClaims.inNamespace(namespace).list();
        for (var claim : foundClaims.getItems()) {
            claims.put(full(claim.getMetadata(), claim.getMetadata().getName()), claim);
            bind(claim);
        }
        var allPods = client.pods();
        var pods = (namespace == null
                        ? allPods.inAnyNamespace().list()
                        : allPods.inNamespace(namespace).list())
                .getItems();
        endWhatHasNoPod(pods);
        for (var pod : pods) {
            sync(pod, claims);
        }
    }

    private static String full(ObjectMeta metadata, String name) {
        return metadata.getNamespace() + "/" + name;
    }

    private void bind(PersistentVolumeClaim claim) {
        var size = claim.getSpec().getResources().getRequests().get("storage");
        var status = claim.getStatus();
        var capacity = status == null || status.getCapacity() == null
                ? null
                : status.getCapacity().get("storage");
        if (status == null || !"Bound".equals(status.getPhase()) || !size.equals(capacity)) {
            client.resource(new PersistentVolumeClaimBuilder(claim)
                            .withNewStatus()
                            .withPhase("Bound")
                            .addToCapacity("storage", size)
                            .endStatus()
                            .build())
                    .updateStatus();
        }
    }

    /// A pod that was deleted by force is gone at once; its process is not.
    private void endWhatHasNoPod(Collection<Pod> pods) {
        var uids = new HashSet<String>();
        pods.forEach(pod -> uids.add(pod.getMetadata().getUid()));
        containers.forEach((uid, running) -> {
            if (!uids.contains(uid) && !unreachable.contains(uid)) {
                running.end();
                if (running.ended()) {
                    containers.remove(uid);
                }
            }
        });
    }

    private void sync(Pod pod, Map<String, PersistentVolumeClaim> claims) {
        var uid = pod.getMetadata().getUid();
        if (unreachable.contains(uid)) {
            return;
        }
        var running = containers.get(uid);
        if (pod.getMetadata().getDeletionTimestamp() != null) {
            terminate(pod, running);
        } else if (pod.getSpec().getNodeName() == null) {
            assign(pod);
        } else if (running == null && unstartable.contains(image(pod))) {
            report(pod, null, false, "ImagePullBackOff");
        } else if (running == null || !running.container.alive()) {
            startAgain(pod, running, claims);
        } else {
            report(pod, running.address, running.container.ready(), null);
        }
    }

    private void startAgain(Pod pod, @Nullable Running before, Map<String, PersistentVolumeClaim> claims) {
        var uid = pod.getMetadata().getUid();
        if (before != null) {
            before.container.ended().ifPresent(ended -> {
                var earlier = crashes.get(uid);
                var count = earlier == null ? 1 : earlier.count + 1;
                var wait = Math.min(BACK_OFF_NANOS_MAX, 100_000_000L << Math.min(count, 10));
                crashes.put(uid, new Crashes(count, ended, System.nanoTime() + wait));
            });
            containers.remove(uid);
            report(pod, before.address, false, "CrashLoopBackOff");
        }
        var crashed = crashes.get(uid);
        if (crashed == null || System.nanoTime() - crashed.againNanos >= 0) {
            start(pod, claims);
        }
    }

    private void terminate(Pod pod, @Nullable Running running) {
        if (running != null) {
            running.end();
        }
        if (running == null || running.ended()) {
            containers.remove(pod.getMetadata().getUid());
            crashes.remove(pod.getMetadata().getUid());
            client.resource(pod).withGracePeriod(0).delete();
        }
    }

    /// A volume is one pod's: the next one waits until what ran in the last has ended.
    private void start(Pod pod, Map<String, PersistentVolumeClaim> claims) {
        var name = full(pod.getMetadata(), pod.getMetadata().getName());
        var uid = pod.getMetadata().getUid();
        var others = containers.entrySet().stream()
                .filter(other ->
                        !other.getKey().equals(uid) && other.getValue().pod.equals(name))
                .map(Map.Entry::getKey)
                .toList();
        var claimName = claimName(pod).map(claim -> full(pod.getMetadata(), claim));
        var claim = claimName.map(claims::get).orElse(null);
        if (!holding && unreachable.containsAll(others) && (claimName.isEmpty() || claim != null)) {
            // What is cut off keeps its address: the next pod of that name has another, as on another node.
            var address = prefix.apply(pod) + (10 + ordinal(pod) + (others.isEmpty() ? 0 : 100));
            containers.put(uid, new Running(name, address, runtime.run(pod, address, claim)));
        }
    }

    private void assign(Pod pod) {
        var node = "node-" + Math.max(0, ordinal(pod));
        Binding binding = new BindingBuilder()
                .withNewMetadata()
                .withName(pod.getMetadata().getName())
                .withNamespace(pod.getMetadata().getNamespace())
                .endMetadata()
                .withNewTarget()
                .withKind("Node")
                .withName(node)
                .endTarget()
                .build();
        client.bindings()
                .inNamespace(pod.getMetadata().getNamespace())
                .resource(binding)
                .create();
    }

    /// -1: of a Deployment, whose names end in letters and digits.
    private static int ordinal(Pod pod) {
        return claimName(pod).isPresent()
                ? ClusterNames.ordinal(pod.getMetadata().getName())
                : -1;
    }

    private static String image(Pod pod) {
        return pod.getSpec().getContainers().getFirst().getImage();
    }

    private static Optional<String> claimName(Pod pod) {
        return pod.getSpec().getVolumes().stream()
                .filter(volume -> volume.getPersistentVolumeClaim() != null)
                .map(volume -> volume.getPersistentVolumeClaim().getClaimName())
                .findFirst();
    }

    /// @param waiting why its container does not run, null: it runs
    private void report(Pod pod, @Nullable String address, boolean ready, @Nullable String waiting) {
        var crashed = crashes.get(pod.getMetadata().getUid());
        var restarts = crashed == null ? 0 : crashed.count;
        if (isReported(pod, ready, waiting, restarts)) {
            return;
        }
        var state = new ContainerStateBuilder();
        if (waiting == null) {
            state.withNewRunning().endRunning();
        } else {
            state.withNewWaiting().withReason(waiting).endWaiting();
        }
        var container = new ContainerStatusBuilder()
                .withName(pod.getSpec().getContainers().getFirst().getName())
                .withImage("")
                .withImageID("")
                .withReady(ready)
                .withRestartCount(restarts)
                .withState(state.build());
        if (crashed != null) {
            container
                    .withNewLastState()
                    .withNewTerminated()
                    .withExitCode(crashed.last.exitCode())
                    .withMessage(crashed.last.message())
                    .endTerminated()
                    .endLastState();
        }
        client.resource(new PodBuilder(pod)
                        .editOrNewStatus()
                        .withPhase(address == null ? "Pending" : "Running")
                        .withPodIP(address)
                        .withPodIPs(
                                address == null
                                        ? List.of()
                                        : List.of(new PodIPBuilder()
                                                .withIp(address)
                                                .build()))
                        .removeMatchingFromConditions(
                                condition -> condition.getType().equals("Ready"))
                        .addNewCondition()
                        .withType("Ready")
                        .withStatus(ready ? "True" : "False")
                        .withLastTransitionTime(Instant.now().toString())
                        .endCondition()
                        .withContainerStatuses(container.build())
                        .endStatus()
                        .build())
                .updateStatus();
    }

    private static boolean isReported(Pod pod, boolean ready, @Nullable String waiting, int restarts) {
        var want = ready ? "True" : "False";
        var containers = pod.getStatus().getContainerStatuses();
        if (containers.isEmpty()) {
            return false;
        }
        var found = containers.getFirst();
        var waits = found.getState() == null ? null : found.getState().getWaiting();
        return found.getRestartCount() == restarts
                && Objects.equals(waiting, waits == null ? null : waits.getReason())
                && pod.getStatus().getConditions().stream()
                        .anyMatch(condition -> condition.getType().equals("Ready")
                                && condition.getStatus().equals(want));
    }

    @Override
    public void close() {
        stopping = true;
        try {
            thread.join();
            for (var running : containers.values()) {
                running.end();
            }
            for (var running : containers.values()) {
                var ending = running.ending;
                if (ending != null) {
                    ending.join();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        containers.clear();
    }
}
