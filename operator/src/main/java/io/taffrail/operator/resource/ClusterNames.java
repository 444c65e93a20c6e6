package io.taffrail.operator.resource;

import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.taffrail.operator.crd.LogCluster;
import java.util.Map;
import java.util.TreeMap;

/// Names, labels and addresses of a cluster's objects. They are part of the interface: clients and other operators'
/// policies go by them.
public record ClusterNames(String cluster, String namespace) {
    public static final int CLIENT_PORT = 9090;
    public static final int PEER_PORT = 9091;
    public static final int HTTP_PORT = 8080;

    /// Of a replica's pod; others may put their own beside it.
    public static final String CONTAINER = "taffrail";

    public static final String CLUSTER_LABEL = "taffrail.io/cluster";
    public static final String ROLE_LABEL = "taffrail.io/role";
    public static final String MANAGED_BY_LABEL = "app.kubernetes.io/managed-by";
    public static final String OPERATOR = "taffrail-operator";
    /// On the StatefulSet: the pod template in force, and what of the spec it was made from.
    public static final String TEMPLATE_ANNOTATION = "taffrail.io/template";
    public static final String INPUTS_ANNOTATION = "taffrail.io/template-inputs";
    /// On the LogCluster: a template that may restart pods.
    public static final String APPROVED_ANNOTATION = "taffrail.io/approved-template";

    public static ClusterNames of(LogCluster cluster) {
        return new ClusterNames(
                cluster.getMetadata().getName(), cluster.getMetadata().getNamespace());
    }

    public String headlessService() {
        return cluster + "-headless";
    }

    public String leaderService() {
        return cluster + "-leader";
    }

    public String configMap() {
        return cluster + "-config";
    }

    public String pod(int ordinal) {
        return cluster + "-" + ordinal;
    }

    public String claim(int ordinal) {
        return StatefulSetResource.VOLUME + "-" + pod(ordinal);
    }

    /// By the headless service, which also names pods that are not ready: replicas must find each other to become so.
    public String podHost(int ordinal) {
        return pod(ordinal) + "." + headlessService() + "." + namespace + ".svc";
    }

    public String clientAddress(int ordinal) {
        return podHost(ordinal) + ":" + CLIENT_PORT;
    }

    public String peerAddress(int ordinal) {
        return podHost(ordinal) + ":" + PEER_PORT;
    }

    /// What selects the cluster's pods. Immutable in a StatefulSet.
    public Map<String, String> selector() {
        return Map.of(CLUSTER_LABEL, cluster);
    }

    public Map<String, String> labels() {
        var labels = new TreeMap<>(selector());
        labels.put("app.kubernetes.io/name", "taffrail");
        labels.put("app.kubernetes.io/instance", cluster);
        labels.put(MANAGED_BY_LABEL, OPERATOR);
        return labels;
    }

    public static OwnerReference owner(LogCluster cluster) {
        return new OwnerReferenceBuilder()
                .withApiVersion(cluster.getApiVersion())
                .withKind(cluster.getKind())
                .withName(cluster.getMetadata().getName())
                .withUid(cluster.getMetadata().getUid())
                .withController(true)
                .build();
    }

    /// -1: not a pod of this cluster's set.
    public static int ordinal(String name) {
        var dash = name.lastIndexOf('-');
        try {
            return dash < 0 ? -1 : Integer.parseInt(name.substring(dash + 1));
        } catch (NumberFormatException e) {
            return -1;
        }
    }
}
