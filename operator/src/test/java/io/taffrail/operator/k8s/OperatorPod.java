package io.taffrail.operator.k8s;

import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;

/// The packaged operator as a pod: its environment is the pod's, its rights are those of its service account's token.
final class OperatorPod {
    /// A quarter of the chart's memory limit, which is what a JVM in that pod takes.
    private static final String HEAP_MAX = "-Xmx96m";

    private OperatorPod() {}

    /// The packaged operator, or the test is skipped and says why.
    static Path jar() {
        return PodProcess.packaged("operator", "quarkus-app/quarkus-run.jar");
    }

    static PodProcess start(ControlPlane plane, Pod pod, String address, Path folder) {
        var container = pod.getSpec().getContainers().getFirst();
        try {
            Files.createDirectories(folder);
            var name = pod.getMetadata().getName();
            var kubeConfig = plane.kubeConfigOf(
                    pod.getMetadata().getNamespace(),
                    pod.getSpec().getServiceAccountName(),
                    folder.resolve(name + ".kubeconfig"));
            var environment = new HashMap<String, String>();
            container.getEnv().forEach(variable -> environment.put(variable.getName(), variable.getValue()));
            environment.put("KUBECONFIG", kubeConfig.toString());
            environment.put("QUARKUS_HTTP_HOST", address);
            return PodProcess.start(container, address, folder, name, jar(), environment, List.of(HEAP_MAX));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
