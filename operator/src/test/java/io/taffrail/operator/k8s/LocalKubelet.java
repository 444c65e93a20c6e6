package io.taffrail.operator.k8s;

import io.fabric8.kubernetes.api.model.Binding;
import io.fabric8.kubernetes.api.model.BindingBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// The part of a cluster that needs nodes: binds the pods and claims of one namespace, runs what is in them, probes
/// whether it is ready, and ends it before its pod goes. Each pod has a loopback address of its own.
final class LocalKubelet implements AutoCloseable {
    private static final long LOOK_EVERY_NANOS = 100_000_000;
    private static final String NODE = "local";

    /// What runs in a pod.
    interface Container extends AutoCloseable {
        boolean ready();

        @Override
        void close();
    }

    interface ContainerRuntime {
        Container run(Pod pod, String address, PersistentVolumeClaim claim);
    }

    private final KubernetesClient client;
    private final String namespace;
    private final ContainerRuntime runtime;
    private final String prefix;
    private final Map<String, Container> containers = new TreeMap<>();
    private final Map<String, Boolean> unstartable = new ConcurrentHashMap<>();
    private final Thread thread;
    private volatile boolean stopping;

    LocalKubelet(KubernetesClient client, String namespace, String prefix, ContainerRuntime runtime) {
        this.client = client;
        this.namespace = namespace;
        this.prefix = prefix;
        this.runtime = runtime;
        thread = Thread.ofPlatform().name("kubelet").start(this::run);
    }

    /// Pods of this image never start, as if it could not be pulled.
    void missingImage(String image) {
        unstartable.put(image, true);
    }

    private void run() {
        while (!stopping) {
            try {
                client.persistentVolumeClaims()
                        .inNamespace(namespace)
                        .list()
                        .getItems()
                        .forEach(this::bind);
                client.pods().inNamespace(namespace).list().getItems().forEach(this::sync);
            } catch (KubernetesClientException changedMeanwhile) {
                // Deleted or changed since it was listed: the next look sees it as it is.
                LockSupport.parkNanos(LOOK_EVERY_NANOS);
            }
            LockSupport.parkNanos(LOOK_EVERY_NANOS);
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

    private void sync(Pod pod) {
        var uid = pod.getMetadata().getUid();
        var running = containers.get(uid);
        if (pod.getMetadata().getDeletionTimestamp() != null) {
            if (running != null) {
                running.close();
                containers.remove(uid);
            }
            client.resource(pod).withGracePeriod(0).delete();
            return;
        }
        if (pod.getSpec().getNodeName() == null) {
            assign(pod);
            return;
        }
        var image = pod.getSpec().getContainers().getFirst().getImage();
        if (unstartable.containsKey(image)) {
            report(pod, null, false);
            return;
        }
        var claim = client.persistentVolumeClaims()
                .inNamespace(namespace)
                .withName(claimName(pod))
                .get();
        if (running == null && claim != null) {
            running = runtime.run(pod, address(pod), claim);
            containers.put(uid, running);
        }
        if (running != null) {
            report(pod, address(pod), running.ready());
        }
    }

    private void assign(Pod pod) {
        Binding binding = new BindingBuilder()
                .withNewMetadata()
                .withName(pod.getMetadata().getName())
                .withNamespace(namespace)
                .endMetadata()
                .withNewTarget()
                .withKind("Node")
                .withName(NODE)
                .endTarget()
                .build();
        client.bindings().inNamespace(namespace).resource(binding).create();
    }

    String address(Pod pod) {
        var name = pod.getMetadata().getName();
        return prefix + (10 + Integer.parseInt(name.substring(name.lastIndexOf('-') + 1)));
    }

    private static String claimName(Pod pod) {
        return pod.getSpec().getVolumes().stream()
                .filter(volume -> volume.getPersistentVolumeClaim() != null)
                .map(volume -> volume.getPersistentVolumeClaim().getClaimName())
                .findFirst()
                .orElseThrow();
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
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        containers.values().forEach(Container::close);
        containers.clear();
    }
}
