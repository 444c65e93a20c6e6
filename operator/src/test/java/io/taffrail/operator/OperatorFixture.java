package io.taffrail.operator;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.taffrail.operator.control.ReplicaChannels;
import io.taffrail.operator.stream.StreamPass;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The reconcilers with everything they need, put together by hand.
public final class OperatorFixture implements AutoCloseable {
    private final ReplicaChannels channels = new ReplicaChannels();
    private final LogClusterReconciler clusters;
    private final LogStreamReconciler streams;

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Timer passes;

    /// @param idle the resync
    public OperatorFixture(KubernetesClient client, Duration idle) {
        var config = ClusterPassFixture.config(idle);
        registry.config().meterFilter(new NothingIsForgotten());
        var metrics = new OperatorMetrics(registry);
        passes = registry.timer("taffrail.operator.pass");
        clusters = new LogClusterReconciler(new ClusterPass(client, channels, config, metrics), client, metrics);
        streams = new LogStreamReconciler(new StreamPass(client, channels), client, config, metrics);
    }

    /// How often it has looked at a cluster.
    public long passes() {
        return passes.count();
    }

    /// Of those that have ended.
    public long longestPassNanos() {
        return (long) passes.max(TimeUnit.NANOSECONDS);
    }

    /// What is served of a condition; null: nothing.
    public @Nullable Double condition(String kind, String name, String condition) {
        return ClusterPassFixture.condition(registry, kind, name, condition);
    }

    /// A timer's maximum is else that of the last minutes.
    private static final class NothingIsForgotten implements MeterFilter {
        @Override
        public DistributionStatisticConfig configure(Meter.Id id, DistributionStatisticConfig config) {
            return DistributionStatisticConfig.builder()
                    .expiry(Duration.ofDays(1))
                    .build()
                    .merge(config);
        }
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
