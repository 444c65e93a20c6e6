package io.taffrail.acceptance;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The real service in a process of its own, on one folder and one port, which is killed and started again.
final class ServiceProcess implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofSeconds(90);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(60);
    private static final int SIGTERM_EXIT_CODE = 128 + 15;

    private final Path folder;
    private final List<String> options;
    private final int port = freePort();
    private final int peerPort = freePort();
    private final int httpPort = freePort();
    private @Nullable Process process;
    private int starts;

    ServiceProcess(Path folder, String... options) {
        this.folder = folder;
        this.options = List.of(options);
    }

    String address() {
        return "127.0.0.1:" + port;
    }

    Path data() {
        return folder.resolve("data");
    }

    Path log() {
        return folder.resolve("service.log");
    }

    /// Returns once it serves.
    ServiceProcess start() throws IOException, InterruptedException {
        begin();
        awaitReady();
        return this;
    }

    void begin() throws IOException {
        Files.createDirectories(folder);
        Files.deleteIfExists(readyFile());
        var command = new ArrayList<>(Programs.service(
                "--data",
                data().toString(),
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

    private static int freePort() {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException none) {
            throw new IllegalStateException("no free port", none);
        }
    }
}
