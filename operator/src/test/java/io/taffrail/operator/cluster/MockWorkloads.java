package io.taffrail.operator.cluster;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The StatefulSet controller and the kubelet where the API server is a mock: one `sync` makes pods as many as the
/// set asks for, with their claims, and starts what runs in them.
final class MockWorkloads implements AutoCloseable {
    private final KubernetesClient client;
    private final String namespace;
    private final PodRunner runner;
    private final Loopback loopback = new Loopback();
    private final TreeMap<Integer, AutoCloseable> running = new TreeMap<>();

    MockWorkloads(KubernetesClient client, String namespace, PodRunner runner) {
        this.client = client;
        this.namespace = namespace;
        this.runner = runner;
    }

    void sync(String name) {
        var set = client.apps()
                .statefulSets()
                .inNamespace(namespace)
                .withName(name)
                .get();
        var wanted = set == null ? 0 : set.getSpec().getReplicas();
        for (var node : running.keySet().toArray(Integer[]::new)) {
            var pod = client.pods()
                    .inNamespace(namespace)
                    .withName(name + "-" + node)
                    .get();
            if (node >= wanted || pod == null) {
                stop(running.remove(node));
                client.pods().inNamespace(namespace).withName(name + "-" + node).delete();
            }
        }
        for (var node = 0; node < wanted; node++) {
            if (!running.containsKey(node) && set != null) {
                running.put(node, runner.start(node, loopback.address(node)));
                var template = set.getSpec().getTemplate();
                client.resource(new PodBuilder()
                                .withNewMetadata()
                                .withName(name + "-" + node)
                                .withNamespace(namespace)
                                .withLabels(template.getMetadata().getLabels())
                                .withAnnotations(template.getMetadata().getAnnotations())
                                .endMetadata()
                                .withSpec(template.getSpec())
                                .withNewStatus()
                                .withPodIP(loopback.address(node))
                                .addNewCondition()
                                .withType("Ready")
                                .withStatus("True")
                                .withLastTransitionTime("2026-01-01T00:00:00Z")
                                .endCondition()
                                .endStatus()
                                .build())
                        .create();
                var claim = set.getSpec().getVolumeClaimTemplates().getFirst();
                var full = new PersistentVolumeClaimBuilder(claim)
                        .editMetadata()
                        .withName("data-" + name + "-" + node)
                        .withNamespace(namespace)
                        .endMetadata()
                        .build();
                if (client.resource(full).get() == null) {
                    client.resource(full).create();
                }
            }
        }
    }

    private static void stop(@Nullable AutoCloseable process) {
        if (process == null) {
            return;
        }
        try {
            process.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        running.values().forEach(MockWorkloads::stop);
        running.clear();
    }
}
