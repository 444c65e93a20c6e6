package io.taffrail.operator.resource;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetBuilder;
import io.taffrail.operator.crd.LogCluster;

/// A drain takes one replica at a time.
final class BudgetResource {
    private BudgetResource() {}

    static PodDisruptionBudget of(LogCluster cluster) {
        var names = ClusterNames.of(cluster);
        return new PodDisruptionBudgetBuilder()
                .withNewMetadata()
                .withName(names.cluster())
                .withNamespace(names.namespace())
                .withLabels(names.labels())
                .withOwnerReferences(ClusterNames.owner(cluster))
                .endMetadata()
                .withNewSpec()
                .withMaxUnavailable(new IntOrString(1))
                .withNewSelector()
                .withMatchLabels(names.selector())
                .endSelector()
                .endSpec()
                .build();
    }
}
