package io.taffrail.operator.k8s;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.taffrail.operator.OperatorFixture;

/// The operator in this process, with the rights of its client.
final class RunningOperator implements AutoCloseable {
    private final Operator operator;
    private final OperatorFixture fixture;

    RunningOperator(KubernetesClient client, String namespace) {
        fixture = new OperatorFixture(client);
        operator = new Operator(overrides -> overrides
                .withKubernetesClient(client)
                .withCloseClientOnStop(false)
                .withUseSSAToPatchPrimaryResource(true));
        operator.register(fixture.clusters(), overrides -> overrides.settingNamespace(namespace));
        operator.register(fixture.streams(), overrides -> overrides.settingNamespace(namespace));
        operator.start();
    }

    @Override
    public void close() {
        operator.stop();
        fixture.close();
    }
}
