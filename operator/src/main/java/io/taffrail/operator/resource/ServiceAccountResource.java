package io.taffrail.operator.resource;

import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.taffrail.operator.crd.LogCluster;

/// Replicas need no access to the Kubernetes API, so they get none.
final class ServiceAccountResource {
    private ServiceAccountResource() {}

    static ServiceAccount of(LogCluster cluster) {
        var names = ClusterNames.of(cluster);
        return new ServiceAccountBuilder()
                .withNewMetadata()
                .withName(names.cluster())
                .withNamespace(names.namespace())
                .withLabels(names.labels())
                .withOwnerReferences(ClusterNames.owner(cluster))
                .endMetadata()
                .withAutomountServiceAccountToken(false)
                .build();
    }
}
