package io.taffrail.operator;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.taffrail.operator.control.ReplicaChannels;
import io.taffrail.operator.crd.LogCluster;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// The operator without the framework around it: a test says when it looks.
public final class ClusterPassFixture implements AutoCloseable {
    public static final Duration IDLE = Duration.ofSeconds(1);

    private final ReplicaChannels channels = new ReplicaChannels();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final ClusterPass pass;

    public ClusterPassFixture(KubernetesClient client) {
        pass = new ClusterPass(client, channels, config(), new OperatorMetrics(registry));
    }

    public Duration pass(LogCluster cluster) {
        return pass.run(cluster);
    }

    /// What is served of a condition; null: nothing.
    public @Nullable Double condition(String kind, String name, String condition) {
        return condition(registry, kind, name, condition);
    }

    static @Nullable Double condition(MeterRegistry registry, String kind, String name, String condition) {
        var gauge = registry.find("taffrail.operator.condition")
                .tags("kind", kind, "name", name, "condition", condition)
                .gauge();
        return gauge == null ? null : gauge.value();
    }

    @Override
    public void close() {
        channels.close();
    }

    static OperatorConfig config() {
        return config(IDLE);
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
