package io.taffrail.operator.k8s;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.taffrail.operator.OperatorFixture;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// The operator in this process, with the rights of its client.
final class RunningOperator implements AutoCloseable {
    private final Operator operator;
    private final OperatorFixture fixture;

    RunningOperator(KubernetesClient client, String namespace) {
        this(client, namespace, Duration.ofSeconds(1));
    }

    /// @param idle the resync
    RunningOperator(KubernetesClient client, String namespace, Duration idle) {
        fixture = new OperatorFixture(client, idle);
        operator = new Operator(overrides -> overrides
                .withKubernetesClient(client)
                .withCloseClientOnStop(false)
                // As in application.properties.
                .withStopOnInformerErrorDuringStartup(false)
                .withUseSSAToPatchPrimaryResource(true));
        operator.register(fixture.clusters(), overrides -> overrides.settingNamespace(namespace));
        operator.register(fixture.streams(), overrides -> overrides.settingNamespace(namespace));
        operator.start();
    }

    long longestPassNanos() {
        return fixture.longestPassNanos();
    }

    long passes() {
        return fixture.passes();
    }

    /// What is served of a condition; null: nothing.
    @Nullable
    Double condition(String kind, String name, String condition) {
        return fixture.condition(kind, name, condition);
    }

    @Override
    public void close() {
        operator.stop();
        fixture.close();
    }
}
