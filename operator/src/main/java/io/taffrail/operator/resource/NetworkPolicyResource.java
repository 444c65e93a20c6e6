package io.taffrail.operator.resource;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPortBuilder;
import io.taffrail.operator.crd.LogCluster;

/// Replication is for the cluster's own pods; clients, probes and scrapers reach the other ports.
final class NetworkPolicyResource {
    private NetworkPolicyResource() {}

    static NetworkPolicy of(LogCluster cluster) {
        var names = ClusterNames.of(cluster);
        return new NetworkPolicyBuilder()
                .withNewMetadata()
                .withName(names.cluster())
                .withNamespace(names.namespace())
                .withLabels(names.labels())
                .withOwnerReferences(ClusterNames.owner(cluster))
                .endMetadata()
                .withNewSpec()
                .withNewPodSelector()
                .withMatchLabels(names.selector())
                .endPodSelector()
                .withPolicyTypes("Ingress")
                .addNewIngress()
                .withPorts(port(ClusterNames.CLIENT_PORT), port(ClusterNames.HTTP_PORT))
                .endIngress()
                .addNewIngress()
                .addNewFrom()
                .withNewPodSelector()
                .withMatchLabels(names.selector())
                .endPodSelector()
                .endFrom()
                .withPorts(port(ClusterNames.PEER_PORT))
                .endIngress()
                .endSpec()
                .build();
    }

    private static NetworkPolicyPort port(int port) {
        return new NetworkPolicyPortBuilder()
                .withProtocol("TCP")
                .withPort(new IntOrString(port))
                .build();
    }
}
