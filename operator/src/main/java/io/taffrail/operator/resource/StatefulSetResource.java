package io.taffrail.operator.resource;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.taffrail.operator.crd.LogCluster;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/// Names and volumes for the replicas. It starts them all at once and restarts none: the operator decides that.
public final class StatefulSetResource {
    static final String VOLUME = "data";

    private StatefulSetResource() {}

    static StatefulSet of(LogCluster cluster, String defaultRepository) {
        var names = ClusterNames.of(cluster);
        var template = template(cluster, defaultRepository);
        return new StatefulSetBuilder()
                .withNewMetadata()
                .withName(names.cluster())
                .withNamespace(names.namespace())
                .withLabels(names.labels())
                .withAnnotations(templateAnnotations(cluster, template))
                .withOwnerReferences(ClusterNames.owner(cluster))
                .endMetadata()
                .withNewSpec()
                .withReplicas(replicas(cluster))
                .withServiceName(names.headlessService())
                // One by one would deadlock a restart of the majority: the first becomes ready only with the second.
                .withPodManagementPolicy("Parallel")
                .withNewUpdateStrategy()
                .withType("OnDelete")
                .endUpdateStrategy()
                // Deleting the set must not delete the log. With reclaimPolicy Delete the claims belong to the
                // LogCluster instead, and go when that goes.
                .withNewPersistentVolumeClaimRetentionPolicy()
                .withWhenDeleted("Retain")
                .withWhenScaled("Retain")
                .endPersistentVolumeClaimRetentionPolicy()
                .withNewSelector()
                .withMatchLabels(names.selector())
                .endSelector()
                .withTemplate(template)
                .withVolumeClaimTemplates(claim(cluster))
                .endSpec()
                .build();
    }

    /// Of a set that is made anew: pods of voters that are still to be removed would be taken for too many.
    private static int replicas(LogCluster cluster) {
        var status = cluster.getStatus();
        var voters = status == null ? List.<Integer>of() : status.voters();
        return cluster.getSpec().hibernated()
                ? 0
                : Math.max(cluster.getSpec().replicas(), voters.isEmpty() ? 0 : Collections.max(voters) + 1);
    }

    static PodTemplateSpec template(LogCluster cluster, String defaultRepository) {
        var template = PodResource.of(cluster, defaultRepository);
        // On the pods as well, so that each says which template it was made from. A pod that reads other properties at
        // its start is another pod, although its template says only where they are.
        return new PodTemplateSpecBuilder(template)
                .editMetadata()
                .addToAnnotations(
                        ClusterNames.TEMPLATE_ANNOTATION,
                        Digest.of(List.of(template, ConfigMapResource.startProperties(cluster.getSpec()))))
                .endMetadata()
                .build();
    }

    static Map<String, String> templateAnnotations(LogCluster cluster, PodTemplateSpec template) {
        return Map.of(
                ClusterNames.TEMPLATE_ANNOTATION,
                template.getMetadata().getAnnotations().get(ClusterNames.TEMPLATE_ANNOTATION),
                ClusterNames.INPUTS_ANNOTATION,
                Digest.of(PodResource.inputs(cluster.getSpec())));
    }

    private static PersistentVolumeClaim claim(LogCluster cluster) {
        var storage = cluster.getSpec().storage();
        return new PersistentVolumeClaimBuilder()
                .withNewMetadata()
                .withName(VOLUME)
                .withLabels(ClusterNames.of(cluster).labels())
                .endMetadata()
                .withNewSpec()
                .withAccessModes(storage.accessMode().name())
                .withStorageClassName(storage.storageClassName())
                .withNewResources()
                .withRequests(Map.of("storage", new Quantity(storage.size())))
                .endResources()
                .endSpec()
                .build();
    }
}
