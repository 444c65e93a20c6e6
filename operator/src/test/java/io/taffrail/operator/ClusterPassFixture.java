package io.taffrail.operator;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.taffrail.operator.control.ReplicaChannels;
import io.taffrail.operator.crd.LogCluster;
import java.time.Duration;

/// The operator without the framework around it: a test says when it looks.
public final class ClusterPassFixture implements AutoCloseable {
    private final ReplicaChannels channels = new ReplicaChannels();
    private final ClusterPass pass;

    public ClusterPassFixture(KubernetesClient client) {
        pass = new ClusterPass(client, channels, config(), new OperatorMetrics(new SimpleMeterRegistry()));
    }

    public Duration pass(LogCluster cluster) {
        return pass.run(cluster);
    }

    @Override
    public void close() {
        channels.close();
    }

    static OperatorConfig config() {
        return config(Duration.ofSeconds(1));
    }

    /// @param idle the resync
    static OperatorConfig config(Duration idle) {
        return new OperatorConfig() {
            @Override
            public String serverRepository() {
                return "taffrail/server";
            }

            @Override
            public Duration settleTime() {
                return Duration.ZERO;
            }

            @Override
            public Duration busyInterval() {
                return Duration.ofMillis(200);
            }

            @Override
            public Duration idleInterval() {
                return idle;
            }
        };
    }
}
