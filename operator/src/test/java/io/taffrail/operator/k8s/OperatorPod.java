package io.taffrail.operator.k8s;

import io.fabric8.kubernetes.api.model.Pod;
import io.taffrail.operator.image.OperatorJvm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;

/// The packaged operator as a pod: its environment is the pod's, its rights are those of its service account's token.
final class OperatorPod {
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
            // As in the image, whose JVM finds the limit of its container by itself.
            var options = new ArrayList<>(OperatorJvm.OPTIONS);
            var limit = container.getResources().getLimits().get("memory");
            options.add("-XX:MaxRAM=" + limit.getNumericalAmount().longValueExact());
            return PodProcess.start(container, address, folder, name, jar(), environment, options);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
