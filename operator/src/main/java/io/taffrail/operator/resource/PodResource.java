package io.taffrail.operator.resource;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.fabric8.kubernetes.api.model.SeccompProfile;
import io.fabric8.kubernetes.api.model.SeccompProfileBuilder;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraint;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraintBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.crd.LogClusterSpec;
import io.taffrail.operator.crd.PodTemplate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The pod of a replica: no root, no writable root file system, no capability, no token.
final class PodResource {
    /// Of the image; the volume belongs to it, too.
    private static final long USER = 10_001;
    /// Handing over, flushing and closing take seconds; a slow disk gets the rest.
    private static final long GRACE_SECONDS = 60;

    private static final SeccompProfile RUNTIME_DEFAULT =
            new SeccompProfileBuilder().withType("RuntimeDefault").build();

    private PodResource() {}

    static PodTemplateSpec of(LogCluster cluster, String defaultRepository) {
        var spec = cluster.getSpec();
        var names = ClusterNames.of(cluster);
        var wished = spec.podTemplate();
        var labels = new TreeMap<>(wished.labels());
        labels.putAll(names.labels());
        return new PodTemplateSpecBuilder()
                .withNewMetadata()
                .withLabels(labels)
                .withAnnotations(new TreeMap<>(wished.annotations()))
                .endMetadata()
                .withNewSpec()
                .withServiceAccountName(names.cluster())
                .withAutomountServiceAccountToken(false)
                .withEnableServiceLinks(false)
                .withTerminationGracePeriodSeconds(GRACE_SECONDS)
                .withNewSecurityContext()
                .withRunAsNonRoot(true)
                .withRunAsUser(USER)
                .withRunAsGroup(USER)
                .withFsGroup(USER)
                // A change of ownership over a volume of many files can take longer than the pod's start.
                .withFsGroupChangePolicy("OnRootMismatch")
                .withSeccompProfile(wished.seccompProfile() == null ? RUNTIME_DEFAULT : wished.seccompProfile())
                .endSecurityContext()
                .withContainers(container(cluster, defaultRepository))
                .withVolumes(volumes(cluster))
                .withAffinity(wished.affinity())
                .withTolerations(wished.tolerations())
                .withNodeSelector(wished.nodeSelector().isEmpty() ? null : wished.nodeSelector())
                .withTopologySpreadConstraints(spread(cluster))
                .withPriorityClassName(wished.priorityClassName())
                .withImagePullSecrets(wished.imagePullSecrets())
                .endSpec()
                .build();
    }

    /// What of the spec the pods are made from. A change of it asks for a rolling restart.
    static Object inputs(LogClusterSpec spec) {
        return new Inputs(
                spec.version(),
                spec.image(),
                spec.io(),
                spec.tls() == null ? null : spec.tls().secretName(),
                spec.fsyncDisabled() ? true : null,
                spec.unfitStorageAllowed() ? true : null,
                spec.podTemplate());
    }

    /// Null for what is absent, and nothing that the operator adds: neither a field that is new nor another constant
    /// may look like an edit of the spec, because that would let an upgrade of the operator restart pods.
    private record Inputs(
            String version,
            @Nullable String image,
            LogClusterSpec.Io io,
            @Nullable String tlsSecret,
            @Nullable Boolean fsyncDisabled,
            @Nullable Boolean unfitStorageAllowed,
            PodTemplate podTemplate) {}

    private static Container container(LogCluster cluster, String defaultRepository) {
        var spec = cluster.getSpec();
        var names = ClusterNames.of(cluster);
        var image = spec.image() != null ? spec.image() : defaultRepository + ":" + spec.version();
        var host = "$(POD_NAME)." + names.headlessService() + "." + names.namespace() + ".svc:";
        var container = new ContainerBuilder()
                .withName(ClusterNames.CONTAINER)
                .withImage(image)
                .withImagePullPolicy("IfNotPresent")
                // Why it ended stands in its last line; the status shows it.
                .withTerminationMessagePolicy("FallbackToLogsOnError")
                .addNewPort()
                .withName("grpc")
                .withContainerPort(ClusterNames.CLIENT_PORT)
                .endPort()
                .addNewPort()
                .withName("peer")
                .withContainerPort(ClusterNames.PEER_PORT)
                .endPort()
                .addNewPort()
                .withName("http")
                .withContainerPort(ClusterNames.HTTP_PORT)
                .endPort()
                .addNewEnv()
                .withName("POD_NAME")
                .withNewValueFrom()
                .withNewFieldRef()
                .withFieldPath("metadata.name")
                .endFieldRef()
                .endValueFrom()
                .endEnv()
                .addNewEnv()
                .withName("TAFFRAIL_NODE_ID")
                .withNewValueFrom()
                .withNewFieldRef()
                .withFieldPath("metadata.labels['apps.kubernetes.io/pod-index']")
                .endFieldRef()
                .endValueFrom()
                .endEnv()
                .addNewEnv()
                .withName("TAFFRAIL_ADVERTISED_ADDRESS")
                .withValue(host + ClusterNames.CLIENT_PORT)
                .endEnv()
                .addNewEnv()
                .withName("TAFFRAIL_PEER_ADVERTISED_ADDRESS")
                .withValue(host + ClusterNames.PEER_PORT)
                .endEnv()
                .addNewEnv()
                .withName("SMALLRYE_CONFIG_LOCATIONS")
                .withValue(ConfigMapResource.DIRECTORY + "/" + ConfigMapResource.FILE)
                .endEnv()
                .withResources(spec.podTemplate().resources())
                .withNewSecurityContext()
                .withAllowPrivilegeEscalation(false)
                .withReadOnlyRootFilesystem(true)
                .withNewCapabilities()
                .withDrop("ALL")
                .endCapabilities()
                .endSecurityContext()
                // That the process is up, and not that it has read its log: a long recovery must not be killed.
                .withStartupProbe(probe("/health/live", 5, 60))
                // Whether the event loop turns: neither the quorum nor the API server, which a restart would not cure.
                .withLivenessProbe(probe("/health/live", 10, 6))
                .withReadinessProbe(probe("/health/ready", 5, 2))
                .addNewVolumeMount()
                .withName(StatefulSetResource.VOLUME)
                .withMountPath(ConfigMapResource.DATA_DIRECTORY)
                .endVolumeMount()
                .addNewVolumeMount()
                .withName("config")
                .withMountPath(ConfigMapResource.DIRECTORY)
                .withReadOnly(true)
                .endVolumeMount()
                .addNewVolumeMount()
                .withName("tmp")
                .withMountPath("/tmp")
                .endVolumeMount();
        if (spec.tls() != null) {
            container
                    .addNewVolumeMount()
                    .withName("tls")
                    .withMountPath(ConfigMapResource.TLS_DIRECTORY)
                    .withReadOnly(true)
                    .endVolumeMount();
        }
        return container.build();
    }

    private static Probe probe(String path, int periodSeconds, int failures) {
        return new ProbeBuilder()
                .withNewHttpGet()
                .withPath(path)
                .withPort(new IntOrString("http"))
                .endHttpGet()
                .withPeriodSeconds(periodSeconds)
                .withTimeoutSeconds(5)
                .withFailureThreshold(failures)
                .build();
    }

    private static List<Volume> volumes(LogCluster cluster) {
        var names = ClusterNames.of(cluster);
        var volumes = new ArrayList<Volume>();
        volumes.add(new VolumeBuilder()
                .withName("config")
                .withNewConfigMap()
                .withName(names.configMap())
                .endConfigMap()
                .build());
        volumes.add(new VolumeBuilder()
                .withName("tmp")
                .withNewEmptyDir()
                .endEmptyDir()
                .build());
        var tls = cluster.getSpec().tls();
        if (tls != null) {
            volumes.add(new VolumeBuilder()
                    .withName("tls")
                    .withNewSecret()
                    .withSecretName(tls.secretName())
                    .endSecret()
                    .build());
        }
        return volumes;
    }

    /// One replica a node as soon as there are nodes enough, and all of them on one node where there is only one.
    private static List<TopologySpreadConstraint> spread(LogCluster cluster) {
        var wished = cluster.getSpec().podTemplate();
        if (!wished.topologySpreadConstraints().isEmpty()) {
            return wished.topologySpreadConstraints();
        }
        var selector = ClusterNames.of(cluster).selector();
        return List.of(
                spread("kubernetes.io/hostname", "DoNotSchedule", selector),
                spread("topology.kubernetes.io/zone", "ScheduleAnyway", selector));
    }

    private static TopologySpreadConstraint spread(String key, String otherwise, Map<String, String> selector) {
        return new TopologySpreadConstraintBuilder()
                .withMaxSkew(1)
                .withTopologyKey(key)
                .withWhenUnsatisfiable(otherwise)
                // A node that takes no pods is none to leave room for.
                .withNodeTaintsPolicy("Honor")
                .withNewLabelSelector()
                .withMatchLabels(selector)
                .endLabelSelector()
                .build();
    }
}
