package io.taffrail.operator;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.taffrail.operator.control.ReplicaChannels;
import io.taffrail.operator.stream.StreamPass;

/// The reconcilers with everything they need, put together by hand.
public final class OperatorFixture implements AutoCloseable {
    private final ReplicaChannels channels = new ReplicaChannels();
    private final LogClusterReconciler clusters;
    private final LogStreamReconciler streams;

    public OperatorFixture(KubernetesClient client) {
        var config = ClusterPassFixture.config();
        var metrics = new OperatorMetrics(new SimpleMeterRegistry());
        clusters = new LogClusterReconciler(new ClusterPass(client, channels, config, metrics), client);
        streams = new LogStreamReconciler(new StreamPass(client, channels), client, config);
    }

    public LogClusterReconciler clusters() {
        return clusters;
    }

    public LogStreamReconciler streams() {
        return streams;
    }

    @Override
    public void close() {
        channels.close();
    }
}
