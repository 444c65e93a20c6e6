package io.taffrail.operator.apply;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.crd.LogClusterStatus;
import io.taffrail.operator.crd.LogClusterStatus.Bootstrap;
import io.taffrail.operator.crd.LogClusterStatus.BootstrapVoter;
import io.taffrail.operator.crd.LogClusterStatus.Recovery;
import io.taffrail.operator.plan.Action;
import io.taffrail.operator.resource.ClusterNames;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/// A LogCluster and the only way to write its status: the whole status, and only over the version that was read. A
/// spec that was edited meanwhile stays as the user wrote it, and the pass is repeated with it.
public final class ClusterWrite {
    private static final int RECOVERIES_KEPT = 10;

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
        write(before.withBootstrap(clusterId, new Bootstrap(voters, intention.completed() ? now.toString() : null)));
    }

    void record(Action.RecordRecovery intention) {
        var recovery = intention.recovery();
        var before = status();
        var recorded = new ArrayList<>(before.recoveries());
        var known = before.recoveries().stream()
                .filter(it -> it.requestId().equals(recovery.requestId()))
                .findFirst();
        recorded.removeIf(it -> it.requestId().equals(recovery.requestId()));
        recorded.add(new Recovery(
                recovery.requestId(),
                recovery.from(),
                recovery.survivors(),
                recovery.clusterId(),
                Long.toUnsignedString(recovery.expectedLastLsn()),
                recovery.historyId(),
                recovery.plan(),
                known.map(Recovery::recordedAt).orElse(now.toString()),
                recovery.completed() ? now.toString() : null));
        write(before.withRecoveries(
                List.copyOf(recorded.subList(Math.max(0, recorded.size() - RECOVERIES_KEPT), recorded.size()))));
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
