package io.taffrail.acceptance;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The real service in a process of its own, on one folder and one port, which is killed, stopped and started again.
final class ServiceProcess implements AutoCloseable {
    /// Options of a log that has many files, and little of itself in memory, after a few megabytes.
    static final String[] SMALL_LOG = {
        "-D", "taffrail.storage.segment-bytes=1Mi",
        "-D", "taffrail.storage.tail-cache-bytes=1Mi",
        "-D", "taffrail.limits.pending-bytes=1Mi"
    };
    private static final Duration START_LIMIT = Duration.ofMinutes(5);
    private static final Duration STOP_LIMIT = Duration.ofMinutes(3);
    private static final int SIGTERM_EXIT_CODE = 128 + 15;

    private final Path folder;
    private final String host;
    private final int port;
    private final int peerPort;
    private final int httpPort;
    private List<String> launcher = List.of();
    private List<String> jvmOptions = Programs.QUICK;
    private List<String> options;
    private @Nullable Process process;
    private int starts;

    ServiceProcess(Path folder, String... options) {
        this("127.0.0.1", folder, Ports.free("127.0.0.1"), Ports.free("127.0.0.1"), Ports.free("127.0.0.1"), options);
    }

    ServiceProcess(String host, Path folder, int port, int peerPort, int httpPort, String... options) {
        this.host = host;
        this.folder = folder;
        this.port = port;
        this.peerPort = peerPort;
        this.httpPort = httpPort;
        this.options = List.of(options);
    }

    /// From the next start on.
    ServiceProcess options(List<String> nextOptions) {
        options = List.copyOf(nextOptions);
        return this;
    }

    /// From the next start on.
    ServiceProcess jvmOptions(List<String> nextOptions) {
        jvmOptions = List.copyOf(nextOptions);
        return this;
    }

    /// What stands before `java` from the next start on, and becomes it.
    ServiceProcess launcher(String... command) {
        launcher = List.of(command);
        return this;
    }

    List<String> options() {
        return options;
    }

    String address() {
        return host + ":" + port;
    }

    String peerAddress() {
        return host + ":" + peerPort;
    }

    String httpAddress() {
        return host + ":" + httpPort;
    }

    long pid() {
        return running().pid();
    }

    boolean isRunning() {
        return process != null && process.isAlive();
    }

    Path folder() {
        return folder;
    }

    Path data() {
        return folder.resolve("data");
    }

    Path log() {
        return folder.resolve("service.log");
    }

    /// Returns once it serves; one that does not is ended, since nobody has it yet who would.
    ServiceProcess start() throws IOException, InterruptedException {
        begin();
        try {
            awaitReady();
        } catch (Throwable neverReady) {
            close();
            throw neverReady;
        }
        return this;
    }

    void begin() throws IOException {
        Files.createDirectories(folder);
        Files.deleteIfExists(readyFile());
        var command = new ArrayList<>(launcher);
        command.addAll(Programs.service(
                jvmOptions,
                "--data",
                data().toString(),
                "--listen",
                host,
                "--port",
                String.valueOf(port),
                "--peer-port",
                String.valueOf(peerPort),
                "--http-port",
                String.valueOf(httpPort),
                "--ready-file",
                readyFile().toString()));
        command.addAll(options);
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
                .start();
        starts++;
    }

    void awaitReady() throws IOException, InterruptedException {
        var deadlineNanos = System.nanoTime() + START_LIMIT.toNanos();
        while (!Files.exists(readyFile())) {
            if (!running().isAlive()) {
                throw new IllegalStateException("the service ended with "
                        + running().exitValue() + " at start " + starts + ":\n" + lastLines());
            }
            if (System.nanoTime() > deadlineNanos) {
                throw new IllegalStateException("the service is not ready after " + START_LIMIT + ":\n" + lastLines());
            }
            Thread.sleep(5);
        }
    }

    /// SIGKILL: the process has no chance to do anything about it.
    void kill() {
        var _ = running()
                .destroyForcibly()
                .onExit()
                .orTimeout(STOP_LIMIT.toSeconds(), TimeUnit.SECONDS)
                .join();
    }

    /// SIGSTOP: it does nothing any more and does not know.
    void pause() throws IOException, InterruptedException {
        signal("STOP");
    }

    /// SIGCONT.
    void resume() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        var kill =
                new ProcessBuilder("kill", "-" + name, String.valueOf(running().pid())).start();
        if (kill.waitFor() != 0) {
            throw new IllegalStateException(
                    "kill -" + name + " failed for process " + running().pid());
        }
    }

    /// The exit code of a process that ends by itself.
    int awaitEnd(Duration limit) throws InterruptedException {
        if (!running().waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new IllegalStateException("process " + running().pid() + " goes on for " + limit);
        }
        return running().exitValue();
    }

    /// SIGTERM: it flushes and leaves.
    void stop() throws InterruptedException {
        running().destroy();
        if (!running().waitFor(STOP_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
            throw new IllegalStateException("process " + running().pid() + " does not end on SIGTERM");
        }
        // A JVM that ends by a signal may say so, whatever its shutdown did.
        var exitCode = running().exitValue();
        if (exitCode != 0 && exitCode != SIGTERM_EXIT_CODE) {
            throw new IllegalStateException("the service ended with " + exitCode + " on SIGTERM");
        }
    }

    /// A metric without labels, as Prometheus would scrape it.
    double metric(String name) throws IOException {
        var metrics = URI.create("http://" + httpAddress() + "/metrics").toURL();
        try (var lines = new BufferedReader(new InputStreamReader(metrics.openStream(), StandardCharsets.UTF_8))) {
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(name + " ")) {
                    return Double.parseDouble(line.substring(name.length() + 1));
                }
            }
        }
        throw new IllegalStateException("no metric " + name);
    }

    /// VmRSS of proc_pid_status(5).
    long residentBytes() throws IOException {
        for (var line : Files.readAllLines(Path.of("/proc/" + pid() + "/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
            }
        }
        throw new IllegalStateException("no VmRSS");
    }

    /// rchar of proc_pid_io(5): what it has read from files, from the page cache or not.
    long readBytes() throws IOException {
        for (var line : Files.readAllLines(Path.of("/proc/" + pid() + "/io"))) {
            if (line.startsWith("rchar: ")) {
                return Long.parseLong(line.substring("rchar: ".length()));
            }
        }
        throw new IllegalStateException("no rchar");
    }

    long openFiles() throws IOException {
        try (var descriptors = Files.list(Path.of("/proc/" + pid() + "/fd"))) {
            return descriptors.count();
        }
    }

    private Process running() {
        if (process == null) {
            throw new IllegalStateException("not started");
        }
        return process;
    }

    private Path readyFile() {
        return folder.resolve("ready");
    }

    private String lastLines() throws IOException {
        var lines = Files.readAllLines(log());
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 30), lines.size()));
    }

    @Override
    public void close() {
        if (process != null) {
            kill();
        }
    }
}
