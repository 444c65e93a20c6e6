package io.taffrail.operator.k8s;

import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// The real server as a pod: its environment and its configuration are the pod's, with the paths and addresses of a pod
/// put where a process of this machine can have them.
final class ServerPod {
    private ServerPod() {}

    /// The packaged server, or the test is skipped and says why.
    static Path jar() {
        return PodProcess.packaged("service", "quarkus-app/quarkus-run.jar");
    }

    /// @param volume the folder that stands for the claim's volume
    /// @param hosts the names of all pods, in place of the headless service's DNS
    /// @param jvmOptions beside those of all
    static PodProcess start(
            KubernetesClient client, Pod pod, String address, Path volume, Path hosts, String... jvmOptions) {
        var container = pod.getSpec().getContainers().getFirst();
        try {
            Files.createDirectories(volume);
            var scratch = Files.createTempDirectory(volume, "run");
            var config = scratch.resolve("application.properties");
            Files.writeString(config, local(configuration(client, pod), address, volume));
            var environment = new HashMap<String, String>();
            for (var variable : container.getEnv()) {
                environment.put(variable.getName(), value(variable, pod, environment));
            }
            environment.computeIfPresent("SMALLRYE_CONFIG_LOCATIONS", (key, path) -> config.toString());
            var options = new ArrayList<>(List.of(
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-Xmx256m",
                    "-Djdk.net.hosts.file=" + hosts,
                    // A name is looked up for each connection, as a pod's is.
                    "-Dsun.net.inetaddr.ttl=0",
                    // The folder that stands for the volume may be in a container or in memory.
                    "-Dtaffrail.unsafe.storage=true"));
            options.addAll(List.of(jvmOptions));
            return PodProcess.start(
                    container, address, scratch, pod.getMetadata().getName(), jar(), environment, options);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String configuration(KubernetesClient client, Pod pod) {
        var map = pod.getSpec().getVolumes().stream()
                .filter(volume -> volume.getConfigMap() != null)
                .map(volume -> volume.getConfigMap().getName())
                .findFirst()
                .orElseThrow();
        return Objects.requireNonNull(client.configMaps()
                .inNamespace(pod.getMetadata().getNamespace())
                .withName(map)
                .get()
                .getData()
                .get("application.properties"));
    }

    private static String local(String configuration, String address, Path volume) {
        return configuration.replace("0.0.0.0", address).replace("/var/lib/taffrail", volume + "/data");
    }

    private static String value(EnvVar variable, Pod pod, Map<String, String> environment) {
        if (variable.getValueFrom() == null) {
            return variable.getValue().replace("$(POD_NAME)", environment.getOrDefault("POD_NAME", ""));
        }
        var path = variable.getValueFrom().getFieldRef().getFieldPath();
        if (path.equals("metadata.name")) {
            return pod.getMetadata().getName();
        }
        var label = path.substring(path.indexOf('\'') + 1, path.lastIndexOf('\''));
        return Objects.requireNonNull(pod.getMetadata().getLabels().get(label), label);
    }
}
