package io.taffrail.operator.apply;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.crd.LogClusterStatus;
import io.taffrail.operator.crd.LogClusterStatus.Bootstrap;
import io.taffrail.operator.crd.LogClusterStatus.BootstrapVoter;
import io.taffrail.operator.plan.Action;
import io.taffrail.operator.resource.ClusterNames;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/// A LogCluster and the only way to write its status: the whole status, and only over the version that was read. A
/// spec that was edited meanwhile stays as the user wrote it, and the pass is repeated with it.
public final class ClusterWrite {
    private final KubernetesClient client;
    private final Instant now;
    private LogCluster cluster;

    public ClusterWrite(KubernetesClient client, LogCluster cluster, Instant now) {
        this.client = client;
        this.cluster = cluster;
        this.now = now;
    }

    public LogCluster cluster() {
        return cluster;
    }

    ClusterNames names() {
        return ClusterNames.of(cluster);
    }

    void record(Action.RecordBootstrap intention) {
        var before = status();
        var voters = intention.storages().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(entry -> new BootstrapVoter(entry.getKey(), entry.getValue()))
                .toList();
        // Checked here because a half-readable id in the status would be found by the next pass only.
        var clusterId = UUID.fromString(intention.clusterId()).toString();
        write(new LogClusterStatus(
                before.observedGeneration(),
                clusterId,
                new Bootstrap(voters, intention.completed() ? now.toString() : null),
                before.voters(),
                before.newestVersion(),
                before.leader(),
                before.readyReplicas(),
                before.podCount(),
                before.selector(),
                before.replicas(),
                before.durability(),
                before.endpoints(),
                before.settings(),
                before.pendingChanges(),
                before.conditions()));
    }

    public LogClusterStatus status() {
        return cluster.getStatus() == null ? LogClusterStatus.NONE : cluster.getStatus();
    }

    /// `KubernetesClientException` 409: someone wrote first.
    public void write(LogClusterStatus status) {
        if (Objects.equals(cluster.getStatus(), status)) {
            return;
        }
        var next = new LogCluster();
        next.setMetadata(cluster.getMetadata());
        next.setSpec(cluster.getSpec());
        next.setStatus(status);
        cluster = client.resource(next).updateStatus();
    }
}
