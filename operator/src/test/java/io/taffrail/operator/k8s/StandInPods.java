package io.taffrail.operator.k8s;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.storage.StorageClassBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.taffrail.operator.cluster.StandIns;
import io.taffrail.operator.crd.Condition;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.resource.ClusterNames;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;

/// The LogCluster `orders` in a namespace of a real API server, whose pods are stand-ins behind the real control
/// protocol.
final class StandInPods implements AutoCloseable {
    private final KubernetesClient admin;
    private final String namespace;
    private final StandIns replicas;
    private final LocalKubelet kubelet;

    /// @param catchUp how long a replica takes to be in sync after it has started; half of it, it reads its log
    StandInPods(ControlPlane plane, String namespace, Duration catchUp) {
        this(plane, namespace, catchUp, _ -> {});
    }

    /// @param ended hears of each node whose container has ended, whoever wanted that
    StandInPods(ControlPlane plane, String namespace, Duration catchUp, IntConsumer ended) {
        this.namespace = namespace;
        replicas = new StandIns(catchUp);
        admin = plane.client();
        admin.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(namespace)
                        .endMetadata()
                        .build())
                .create();
        admin.resource(new StorageClassBuilder()
                        .withNewMetadata()
                        .withName("grows")
                        .endMetadata()
                        .withProvisioner("local")
                        .withAllowVolumeExpansion(true)
                        .build())
                .serverSideApply();
        kubelet = new LocalKubelet(admin, namespace, replicas.prefix(), (pod, address, claim) -> {
            var node = ClusterNames.ordinal(pod.getMetadata().getName());
            var replica = replicas.start(
                    node, address, Objects.requireNonNull(claim).getMetadata().getUid());
            return new LocalKubelet.Container() {
                @Override
                public boolean ready() {
                    return replicas.ready(node);
                }

                @Override
                public void close() {
                    replica.close();
                    ended.accept(node);
                }
            };
        });
    }

    KubernetesClient admin() {
        return admin;
    }

    StandIns replicas() {
        return replicas;
    }

    LocalKubelet kubelet() {
        return kubelet;
    }

    void apply(String spec) {
        var yaml = "{apiVersion: taffrail.io/v1alpha1, kind: LogCluster, metadata: {name: orders, namespace: "
                + namespace + "}, spec: {storage: {size: 1Gi, storageClassName: grows}}}";
        admin.resource(Yaml.resource(yaml, spec)).forceConflicts().serverSideApply();
    }

    LogCluster cluster() {
        return admin.resources(LogCluster.class)
                .inNamespace(namespace)
                .withName("orders")
                .get();
    }

    Map<String, Condition> conditions() {
        var status = cluster().getStatus();
        return status == null
                ? Map.of()
                : status.conditions().stream().collect(Collectors.toMap(Condition::type, it -> it));
    }

    boolean is(String type) {
        var condition = conditions().get(type);
        return condition != null && condition.status() == Condition.Status.True;
    }

    /// Everything is as the newest spec asks.
    boolean settled() {
        var found = cluster();
        return found.getStatus() != null
                && found.getMetadata().getGeneration().equals(found.getStatus().observedGeneration())
                && is("Reconciled")
                && is("Ready");
    }

    @Override
    public void close() {
        kubelet.close();
        admin.close();
    }
}
