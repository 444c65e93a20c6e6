package io.taffrail.operator.resource;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.ServicePortBuilder;
import io.taffrail.operator.crd.LogCluster;
import java.util.Map;
import java.util.TreeMap;

/// Three addresses: each replica by name, the leader, and any replica that is ready.
final class ServiceResource {
    private static final ServicePort CLIENT = port("grpc", ClusterNames.CLIENT_PORT);

    private ServiceResource() {}

    static Service headless(LogCluster cluster) {
        var names = ClusterNames.of(cluster);
        return service(cluster, names.headlessService(), names.selector())
                .editSpec()
                .withClusterIP("None")
                // Replicas must find each other to become ready.
                .withPublishNotReadyAddresses(true)
                .withPorts(CLIENT, port("peer", ClusterNames.PEER_PORT), port("http", ClusterNames.HTTP_PORT))
                .endSpec()
                .build();
    }

    static Service leader(LogCluster cluster) {
        var names = ClusterNames.of(cluster);
        var selector = new TreeMap<>(names.selector());
        selector.put(ClusterNames.ROLE_LABEL, "leader");
        return service(cluster, names.leaderService(), selector)
                .editSpec()
                .withPorts(CLIENT)
                .endSpec()
                .build();
    }

    static Service any(LogCluster cluster) {
        var names = ClusterNames.of(cluster);
        return service(cluster, names.cluster(), names.selector())
                .editSpec()
                .withPorts(CLIENT)
                .endSpec()
                .build();
    }

    private static ServiceBuilder service(LogCluster cluster, String name, Map<String, String> selector) {
        var names = ClusterNames.of(cluster);
        return new ServiceBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(names.namespace())
                .withLabels(names.labels())
                .withOwnerReferences(ClusterNames.owner(cluster))
                .endMetadata()
                .withNewSpec()
                .withSelector(selector)
                .endSpec();
    }

    private static ServicePort port(String name, int port) {
        return new ServicePortBuilder()
                .withName(name)
                .withPort(port)
                .withTargetPort(new IntOrString(name))
                .build();
    }
}
