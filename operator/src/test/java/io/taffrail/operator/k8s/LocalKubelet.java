package io.taffrail.operator.k8s;

import io.fabric8.kubernetes.api.model.Binding;
import io.fabric8.kubernetes.api.model.BindingBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.taffrail.operator.resource.ClusterNames;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// The part of a cluster that needs nodes: binds the pods and claims of one namespace, runs what is in them, probes
/// whether it is ready, starts it again when it has died, and ends it before its pod goes. Each pod has a loopback
/// address of its own, and each ordinal a node of its own.
final class LocalKubelet implements AutoCloseable {
    private static final long LOOK_EVERY_NANOS = 100_000_000;

    /// What runs in a pod.
    interface Container extends AutoCloseable {
        boolean ready();

        /// False: it has ended by itself, and is started again.
        default boolean alive() {
            return true;
        }

        @Override
        void close();
    }

    interface ContainerRuntime {
        /// @param claim null: the pod has no volume
        Container run(Pod pod, String address, @Nullable PersistentVolumeClaim claim);
    }

    private static final class Running {
        final String pod;
        final Container container;

        @Nullable
        Thread ending;

        Running(String pod, Container container) {
            this.pod = pod;
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
    private final String namespace;
    private final ContainerRuntime runtime;
    private final String prefix;
    /// By the pod's uid; written by the kubelet's own thread only.
    private final Map<String, Running> containers = new ConcurrentHashMap<>();

    private final Set<String> unstartable = ConcurrentHashMap.newKeySet();
    private final Set<String> unreachable = ConcurrentHashMap.newKeySet();
    private final Thread thread;
    private volatile boolean stopping;
    private volatile boolean holding;

    LocalKubelet(KubernetesClient client, String namespace, String prefix, ContainerRuntime runtime) {
        this.client = client;
        this.namespace = namespace;
        this.prefix = prefix;
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

    /// What runs in the pod of this name, of those that have not been told to end.
    Optional<Container> container(String pod) {
        return containers.values().stream()
                .filter(running -> running.pod.equals(pod) && running.ending == null)
                .map(running -> running.container)
                .findFirst();
    }

    private void run() {
        while (!stopping) {
            try {
                look();
            } catch (KubernetesClientException changedMeanwhile) {
                // Deleted or changed since it was listed: the next look sees it as it is.
                LockSupport.parkNanos(LOOK_EVERY_NANOS);
            }
            LockSupport.parkNanos(LOOK_EVERY_NANOS);
        }
    }

    private void look() {
        var claims = new HashMap<String, PersistentVolumeClaim>();
        for (var claim :
                client.persistentVolumeClaims().inNamespace(namespace).list().getItems()) {
            claims.put(claim.getMetadata().getName(), claim);
            bind(claim);
        }
        var pods = client.pods().inNamespace(namespace).list().getItems();
        endWhatHasNoPod(pods);
        for (var pod : pods) {
            sync(pod, claims);
        }
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
            report(pod, null, false);
        } else if (running == null || !running.container.alive()) {
            start(pod, claims);
        } else {
            report(pod, address(pod), running.container.ready());
        }
    }

    private void terminate(Pod pod, @Nullable Running running) {
        if (running != null) {
            running.end();
        }
        if (running == null || running.ended()) {
            containers.remove(pod.getMetadata().getUid());
            client.resource(pod).withGracePeriod(0).delete();
        }
    }

    /// A volume is one pod's: the next one waits until what ran in the last has ended.
    private void start(Pod pod, Map<String, PersistentVolumeClaim> claims) {
        var name = pod.getMetadata().getName();
        var uid = pod.getMetadata().getUid();
        var taken = containers.entrySet().stream()
                .anyMatch(other -> !other.getKey().equals(uid)
                        && other.getValue().pod.equals(name)
                        && !unreachable.contains(other.getKey()));
        var claimName = claimName(pod);
        var claim = claimName.map(claims::get).orElse(null);
        if (!holding && !taken && (claimName.isEmpty() || claim != null)) {
            containers.put(uid, new Running(name, runtime.run(pod, address(pod), claim)));
        }
    }

    private void assign(Pod pod) {
        var node = "node-" + Math.max(0, ordinal(pod));
        Binding binding = new BindingBuilder()
                .withNewMetadata()
                .withName(pod.getMetadata().getName())
                .withNamespace(namespace)
                .endMetadata()
                .withNewTarget()
                .withKind("Node")
                .withName(node)
                .endTarget()
                .build();
        client.bindings().inNamespace(namespace).resource(binding).create();
    }

    /// A pod without an ordinal has the address before theirs.
    String address(Pod pod) {
        var name = pod.getMetadata().getName();
        // What is cut off keeps its address: the next pod of that name has another, as on another node.
        var taken = containers.entrySet().stream()
                .anyMatch(other -> unreachable.contains(other.getKey())
                        && other.getValue().pod.equals(name)
                        && !other.getKey().equals(pod.getMetadata().getUid()));
        return prefix + (10 + ordinal(pod) + (taken ? 100 : 0));
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

    private void report(Pod pod, @Nullable String address, boolean ready) {
        var want = ready ? "True" : "False";
        for (var condition : pod.getStatus().getConditions()) {
            if (condition.getType().equals("Ready") && condition.getStatus().equals(want)) {
                return;
            }
        }
        var status = new PodBuilder(pod)
                .editOrNewStatus()
                .withPhase(address == null ? "Pending" : "Running")
                .withPodIP(address)
                .withPodIPs(
                        address == null
                                ? List.of()
                                : List.of(new io.fabric8.kubernetes.api.model.PodIPBuilder()
                                        .withIp(address)
                                        .build()))
                .removeMatchingFromConditions(condition -> condition.getType().equals("Ready"))
                .addNewCondition()
                .withType("Ready")
                .withStatus(want)
                .withLastTransitionTime(Instant.now().toString())
                .endCondition();
        if (address == null) {
            status.addNewContainerStatus()
                    .withName("taffrail")
                    .withImage("")
                    .withImageID("")
                    .withReady(false)
                    .withRestartCount(0)
                    .withNewState()
                    .withNewWaiting()
                    .withReason("ImagePullBackOff")
                    .endWaiting()
                    .endState()
                    .endContainerStatus();
        } else {
            status.withContainerStatuses();
        }
        client.resource(status.endStatus().build()).updateStatus();
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
