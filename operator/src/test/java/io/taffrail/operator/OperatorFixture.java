package io.taffrail.operator;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.taffrail.operator.control.ReplicaChannels;
import io.taffrail.operator.stream.StreamPass;
import java.time.Duration;

/// The reconcilers with everything they need, put together by hand.
public final class OperatorFixture implements AutoCloseable {
    private final ReplicaChannels channels = new ReplicaChannels();
    private final LogClusterReconciler clusters;
    private final LogStreamReconciler streams;

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    /// @param idle the resync
    public OperatorFixture(KubernetesClient client, Duration idle) {
        var config = ClusterPassFixture.config(idle);
        var metrics = new OperatorMetrics(registry);
        clusters = new LogClusterReconciler(new ClusterPass(client, channels, config, metrics), client);
        streams = new LogStreamReconciler(new StreamPass(client, channels), client, config);
    }

    /// How often it has looked at a cluster.
    public long passes() {
        return registry.timer("taffrail.operator.pass").count();
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
