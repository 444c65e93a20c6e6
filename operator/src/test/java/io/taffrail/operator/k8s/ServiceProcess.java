package io.taffrail.operator.k8s;

import static org.junit.jupiter.api.Assumptions.abort;

import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.taffrail.operator.GoldenFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/// The real server as a pod's only container, without the container: its environment, its configuration and its
/// probes are the pod's, with the paths and addresses of a pod put where a process of this machine can have them.
final class ServiceProcess implements LocalKubelet.Container {
    private static final Duration GRACE = Duration.ofMinutes(1);
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final Process process;
    private final String address;
    private final Probe liveness;
    private final Probe readiness;

    private ServiceProcess(Process process, String address, io.fabric8.kubernetes.api.model.Container pod) {
        this.process = process;
        this.address = address;
        this.liveness = pod.getLivenessProbe();
        this.readiness = pod.getReadinessProbe();
    }

    /// The packaged server, or the test is skipped and says why.
    static Path jar() {
        var jar = GoldenFile.root().resolve("service/target/quarkus-app/quarkus-run.jar");
        if (!Files.exists(jar)) {
            var missing = "SKIPPED, no server: mvn -pl service -am package -DskipTests builds it";
            System.err.println("\n*** " + missing + " ***\n");
            abort(missing);
        }
        return jar;
    }

    /// @param volume the folder that stands for the claim's volume
    /// @param hosts the names of all pods, in place of the headless service's DNS
    static ServiceProcess start(KubernetesClient client, Pod pod, String address, Path volume, Path hosts) {
        var name = pod.getMetadata().getName();
        var container = pod.getSpec().getContainers().getFirst();
        try {
            Files.createDirectories(volume);
            var scratch = Files.createTempDirectory(volume, "run");
            var config = scratch.resolve("application.properties");
            Files.writeString(config, local(configuration(client, pod), address, volume));
            var builder = new ProcessBuilder(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-Xmx256m",
                    "-Djdk.net.hosts.file=" + hosts,
                    // The folder that stands for the volume may be in a container or in memory.
                    "-Dtaffrail.unsafe.storage=true",
                    "-jar",
                    jar().toString());
            var environment = builder.environment();
            for (var variable : container.getEnv()) {
                environment.put(variable.getName(), value(variable, pod, environment));
            }
            environment.computeIfPresent("SMALLRYE_CONFIG_LOCATIONS", (key, path) -> config.toString());
            builder.directory(scratch.toFile());
            var log = scratch.resolve(name + ".log");
            builder.redirectErrorStream(true);
            builder.redirectOutput(log.toFile());
            return new ServiceProcess(builder.start(), address, container);
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

    @Override
    public boolean ready() {
        return answers(readiness);
    }

    /// As the kubelet would find it, with the pod's own timeout.
    boolean live() {
        return answers(liveness);
    }

    int failuresUntilKilled() {
        return liveness.getFailureThreshold();
    }

    private boolean answers(Probe probe) {
        try {
            var request = HttpRequest.newBuilder(URI.create(
                            "http://" + address + ":8080" + probe.getHttpGet().getPath()))
                    .timeout(Duration.ofSeconds(probe.getTimeoutSeconds()))
                    .build();
            return HTTP.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException notYet) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public boolean alive() {
        return process.isAlive();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(GRACE.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// As when a node dies; returns when it is dead.
    void kill() {
        try {
            process.destroyForcibly().waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// It has the processor for `milliseconds` of each second, as long as `busy` says.
    void starve(long milliseconds, BooleanSupplier busy) throws IOException, InterruptedException {
        try {
            while (busy.getAsBoolean()) {
                signal("STOP");
                Thread.sleep(1_000 - milliseconds);
                signal("CONT");
                Thread.sleep(milliseconds);
            }
        } finally {
            signal("CONT");
        }
    }

    private void signal(String signal) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid()))
                .start()
                .waitFor();
    }

    static List<String> hostsLines(String cluster, String namespace, String prefix, int pods) {
        return java.util.stream.IntStream.range(0, pods)
                .mapToObj(node -> prefix + (10 + node) + " " + cluster + "-" + node + "." + cluster + "-headless."
                        + namespace + ".svc")
                .toList();
    }
}
