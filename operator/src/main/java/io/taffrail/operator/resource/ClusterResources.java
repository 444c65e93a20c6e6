package io.taffrail.operator.resource;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.taffrail.operator.crd.LogCluster;
import java.util.List;
import java.util.stream.Stream;

/// Everything that a cluster consists of, as it should be. Pure: the same LogCluster gives the same objects.
///
/// @param owned all but the StatefulSet, in the order in which they are created
public record ClusterResources(List<HasMetadata> owned, StatefulSet statefulSet) {
    /// @param defaultRepository of the server's image, where the spec names no image
    public static ClusterResources of(LogCluster cluster, String defaultRepository) {
        return new ClusterResources(
                List.of(
                        ServiceAccountResource.of(cluster),
                        ConfigMapResource.of(cluster),
                        ServiceResource.headless(cluster),
                        ServiceResource.leader(cluster),
                        ServiceResource.any(cluster),
                        BudgetResource.of(cluster),
                        NetworkPolicyResource.of(cluster)),
                StatefulSetResource.of(cluster, defaultRepository));
    }

    /// Whether a pod of a cluster has been given certificates.
    public static boolean hasTls(PodSpec pod) {
        return pod.getContainers().stream()
                .filter(container -> ClusterNames.CONTAINER.equals(container.getName()))
                .flatMap(container -> container.getVolumeMounts().stream())
                .anyMatch(mount -> ConfigMapResource.TLS_DIRECTORY.equals(mount.getMountPath()));
    }

    public List<HasMetadata> all() {
        return Stream.concat(owned.stream(), Stream.of(statefulSet)).toList();
    }

    /// How plans and messages name an object: `Kind/name`.
    public static String key(HasMetadata resource) {
        return resource.getKind() + "/" + resource.getMetadata().getName();
    }

    /// Of what can be changed in a set that exists; its pods and their number have rules of their own.
    public static boolean setDrifted(StatefulSet wanted, StatefulSet live) {
        return Drift.between(
                        wanted.getSpec().getUpdateStrategy(), live.getSpec().getUpdateStrategy())
                || Drift.between(
                        wanted.getSpec().getPersistentVolumeClaimRetentionPolicy(),
                        live.getSpec().getPersistentVolumeClaimRetentionPolicy())
                || Drift.between(
                        wanted.getMetadata().getLabels(), live.getMetadata().getLabels())
                || Drift.between(
                        wanted.getMetadata().getOwnerReferences(),
                        live.getMetadata().getOwnerReferences());
    }
}
