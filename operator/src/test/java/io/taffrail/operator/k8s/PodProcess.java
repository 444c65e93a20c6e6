package io.taffrail.operator.k8s;

import static org.junit.jupiter.api.Assumptions.abort;

import io.fabric8.kubernetes.api.model.Probe;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/// A packaged program as a pod's only container, without the container: its probes are the pod's, asked at the address
/// that stands for the pod's.
final class PodProcess implements LocalKubelet.Container {
    private static final Duration GRACE = Duration.ofMinutes(1);
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final Process process;
    private final String address;
    private final Path log;
    private final Probe liveness;
    private final Probe readiness;

    private PodProcess(Process process, String address, Path log, io.fabric8.kubernetes.api.model.Container container) {
        this.process = process;
        this.address = address;
        this.log = log;
        liveness = container.getLivenessProbe();
        readiness = container.getReadinessProbe();
    }

    /// @param options of the JVM, before `-jar`
    /// @param folder the process' own, and its log's
    static PodProcess start(
            io.fabric8.kubernetes.api.model.Container container,
            String address,
            Path folder,
            String name,
            Path jar,
            Map<String, String> environment,
            List<String> options)
            throws IOException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("--sun-misc-unsafe-memory-access=allow");
        command.addAll(options);
        command.add("-jar");
        command.add(jar.toString());
        var log = folder.resolve(name + ".log");
        var builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().putAll(environment);
        return new PodProcess(builder.start(), address, log, container);
    }

    /// A packaged program, or the test is skipped and says why.
    static Path packaged(String module, String jar) {
        var file = GoldenFile.root().resolve(module).resolve("target").resolve(jar);
        if (!Files.exists(file)) {
            skip(module + " is not packaged: mvn -pl " + module + " -am package -DskipTests builds it");
        }
        return file;
    }

    /// The test is skipped, and nobody can overlook it.
    static void skip(String why) {
        System.err.println("\n*** SKIPPED, " + why + " ***\n");
        abort("SKIPPED, " + why);
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
            var request = HttpRequest.newBuilder(uri(probe.getHttpGet().getPath()))
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

    private URI uri(String path) {
        return URI.create("http://" + address + ":8080" + path);
    }

    /// What it answers at `path`, as a scraper finds it.
    String get(String path) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(uri(path)).build();
        return HTTP.send(request, HttpResponse.BodyHandlers.ofString()).body();
    }

    String address() {
        return address;
    }

    @Override
    public boolean alive() {
        return process.isAlive();
    }

    /// With the end of its log for a message, as the pods' termination message policy asks.
    @Override
    public Optional<LocalKubelet.Ended> ended() {
        if (process.isAlive()) {
            return Optional.empty();
        }
        try {
            var lines = Files.readAllLines(log);
            var tail = lines.subList(Math.max(0, lines.size() - 20), lines.size());
            return Optional.of(new LocalKubelet.Ended(process.exitValue(), String.join("\n", tail)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// MiB, as the kernel counts them.
    long residentMebibytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) >> 10)
                .findFirst()
                .orElse(-1);
    }

    /// Of all processors, since its start.
    Duration processorTime() {
        return process.info().totalCpuDuration().orElse(Duration.ZERO);
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

    /// As when its machine is suspended.
    void suspend() {
        signal("STOP");
    }

    void resume() {
        signal("CONT");
    }

    /// It has the processor for `milliseconds` of each second, as long as `busy` says.
    void starve(long milliseconds, BooleanSupplier busy) throws InterruptedException {
        try {
            while (busy.getAsBoolean()) {
                suspend();
                Thread.sleep(1_000 - milliseconds);
                resume();
                Thread.sleep(milliseconds);
            }
        } finally {
            resume();
        }
    }

    private void signal(String signal) {
        try {
            new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid()))
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
