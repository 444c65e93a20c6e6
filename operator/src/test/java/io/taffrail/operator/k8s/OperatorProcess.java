package io.taffrail.operator.k8s;

import static org.junit.jupiter.api.Assumptions.abort;

import io.fabric8.kubernetes.api.model.Pod;
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
import java.util.concurrent.TimeUnit;

/// The packaged operator as a pod's only container, without the container: the environment and the probes are the
/// pod's, the rights those of its service account's token.
final class OperatorProcess implements LocalKubelet.Container {
    private static final Duration GRACE = Duration.ofSeconds(30);
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final Process process;
    private final URI base;
    private final URI readiness;

    private OperatorProcess(Process process, URI base, String readiness) {
        this.process = process;
        this.base = base;
        this.readiness = base.resolve(readiness);
    }

    /// The packaged operator, or the test is skipped and says why.
    static Path jar() {
        var jar = GoldenFile.root().resolve("operator/target/quarkus-app/quarkus-run.jar");
        if (!Files.exists(jar)) {
            var missing = "SKIPPED, no operator: mvn -pl operator -am package -DskipTests builds it";
            System.err.println("\n*** " + missing + " ***\n");
            abort(missing);
        }
        return jar;
    }

    static OperatorProcess start(ControlPlane plane, Pod pod, String address, Path folder) {
        var container = pod.getSpec().getContainers().getFirst();
        try {
            Files.createDirectories(folder);
            var name = pod.getMetadata().getName();
            var kubeConfig = plane.kubeConfigOf(
                    pod.getMetadata().getNamespace(),
                    pod.getSpec().getServiceAccountName(),
                    folder.resolve(name + ".kubeconfig"));
            var builder = new ProcessBuilder(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    // A quarter of the chart's memory limit, which is what a JVM in that pod takes.
                    "-Xmx96m",
                    "-jar",
                    jar().toString());
            var environment = builder.environment();
            container.getEnv().forEach(variable -> environment.put(variable.getName(), variable.getValue()));
            environment.put("KUBECONFIG", kubeConfig.toString());
            environment.put("QUARKUS_HTTP_HOST", address);
            builder.redirectErrorStream(true);
            builder.redirectOutput(ProcessBuilder.Redirect.appendTo(
                    folder.resolve(name + ".log").toFile()));
            return new OperatorProcess(
                    builder.start(),
                    URI.create("http://" + address + ":8080"),
                    container.getReadinessProbe().getHttpGet().getPath());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public boolean ready() {
        try {
            var request = HttpRequest.newBuilder(readiness)
                    .timeout(Duration.ofSeconds(5))
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

    /// As a scraper finds them.
    String metrics() throws IOException, InterruptedException {
        return HTTP.send(
                        HttpRequest.newBuilder(base.resolve("/q/metrics")).build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    /// MiB, as the kernel counts them.
    long residentMebibytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) >> 10)
                .findFirst()
                .orElse(-1);
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
}
