package io.taffrail.operator.resource;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.crd.LogClusterSpec;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// The server's properties file. Replicas read it when they start; what may change while they run reaches them
/// through the control service, too.
final class ConfigMapResource {
    static final String FILE = "application.properties";
    static final String DIRECTORY = "/etc/taffrail/config";
    static final String TLS_DIRECTORY = "/etc/taffrail/tls";
    static final String DATA_DIRECTORY = "/var/lib/taffrail";

    private ConfigMapResource() {}

    static ConfigMap of(LogCluster cluster) {
        var names = ClusterNames.of(cluster);
        return new ConfigMapBuilder()
                .withNewMetadata()
                .withName(names.configMap())
                .withNamespace(names.namespace())
                .withLabels(names.labels())
                .withOwnerReferences(ClusterNames.owner(cluster))
                .endMetadata()
                .withData(Map.of(FILE, properties(cluster)))
                .build();
    }

    static String properties(LogCluster cluster) {
        var all = new TreeMap<>(startProperties(cluster.getSpec()));
        all.putAll(runningProperties(cluster.getSpec()));
        all.put(
                "taffrail.settings-generation",
                String.valueOf(cluster.getMetadata().getGeneration()));
        return all.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + entry.getValue() + "\n")
                .collect(Collectors.joining());
    }

    /// Read at the start alone: a change of one of them needs a restart.
    static Map<String, String> startProperties(LogClusterSpec spec) {
        var properties = new TreeMap<String, String>();
        properties.put("taffrail.cluster.mode", "managed");
        properties.put("taffrail.data-dir", DATA_DIRECTORY);
        properties.put("taffrail.listen", "0.0.0.0");
        properties.put("taffrail.port", String.valueOf(ClusterNames.CLIENT_PORT));
        properties.put("taffrail.peer.listen", "0.0.0.0");
        properties.put("taffrail.peer.port", String.valueOf(ClusterNames.PEER_PORT));
        properties.put("taffrail.io.method", spec.io().method().name());
        properties.put("taffrail.io.direct", String.valueOf(spec.io().direct()));
        properties.put("quarkus.http.host", "0.0.0.0");
        properties.put("quarkus.http.port", String.valueOf(ClusterNames.HTTP_PORT));
        if (spec.tls() != null) {
            properties.put("taffrail.tls.certificate", TLS_DIRECTORY + "/tls.crt");
            properties.put("taffrail.tls.key", TLS_DIRECTORY + "/tls.key");
            properties.put("taffrail.tls.ca", TLS_DIRECTORY + "/ca.crt");
        }
        if (spec.fsyncDisabled()) {
            properties.put("taffrail.unsafe.fsync-disabled", "true");
        }
        if (spec.unfitStorageAllowed()) {
            properties.put("taffrail.unsafe.storage", "true");
        }
        return properties;
    }

    private static Map<String, String> runningProperties(LogClusterSpec spec) {
        var properties = new TreeMap<String, String>();
        properties.put("taffrail.commit-mode", spec.commitMode().name());
        properties.put("taffrail.replication-mode", spec.replicationMode().name());
        properties.put(
                "taffrail.minimum.commit-mode", spec.minimum().commitMode().name());
        properties.put(
                "taffrail.minimum.replication-mode",
                spec.minimum().replicationMode().name());
        properties.put("taffrail.writer-delay", spec.writerDelay());
        properties.put("taffrail.group-commit.delay", spec.groupCommit().delay());
        properties.put(
                "taffrail.group-commit.siblings",
                String.valueOf(spec.groupCommit().siblings()));
        properties.put("taffrail.limits.pending-bytes", spec.limits().pendingBytes());
        properties.put(
                "taffrail.limits.replication-lag-bytes",
                spec.limits().replicationLag().bytes());
        properties.put(
                "taffrail.limits.replication-lag-age",
                spec.limits().replicationLag().age());
        properties.put("taffrail.limits.on-full", spec.limits().onFull().name());
        var retention = spec.retention();
        if (retention != null && retention.age() != null) {
            properties.put("taffrail.retention.age", retention.age());
        }
        if (retention != null && retention.bytes() != null) {
            properties.put("taffrail.retention.bytes", retention.bytes());
        }
        return properties;
    }
}
