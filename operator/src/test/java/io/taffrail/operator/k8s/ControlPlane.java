package io.taffrail.operator.k8s;

import static org.junit.jupiter.api.Assumptions.abort;

import io.fabric8.kubeapitest.KubeAPIServer;
import io.fabric8.kubeapitest.KubeAPIServerConfigBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.taffrail.operator.GoldenFile;
import io.taffrail.operator.crd.CustomResourceDefinitions;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A real kube-apiserver with its etcd, and the controllers of a real kube-controller-manager that work without
/// nodes. One for all tests of a JVM; each test has namespaces of its own.
final class ControlPlane implements AutoCloseable {
    private static final long STARTUP_MILLIS = 300_000;
    private static final String CONTROLLERS =
            "statefulset-controller,garbage-collector-controller,namespace-controller,disruption-controller,"
                    + "deployment-controller,replicaset-controller,persistentvolumeclaim-protection-controller";
    private static final int MOST_TRIES = 5;
    private static @Nullable ControlPlane running;

    private final Path directory;
    private final Path binaries;
    private final KubeAPIServer server;
    private final Process controllers;
    private final Path kubeConfig;

    private ControlPlane(Path directory, Path binaries) throws IOException {
        this.directory = directory;
        this.binaries = binaries;
        var version = "1.34.4";
        // Where the library looks: DIRECTORY/k8s/VERSION-OS-ARCH.
        var arch = System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";
        var os = System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("mac") ? "darwin" : "linux";
        var expected = directory.resolve("k8s").resolve(version + "-" + os + "-" + arch);
        Files.createDirectories(expected.getParent());
        Files.createSymbolicLink(expected, binaries);
        server = new KubeAPIServer(KubeAPIServerConfigBuilder.anAPIServerConfig()
                .withTestDir(directory.toString())
                .withApiServerVersion(version)
                .withOfflineMode(true)
                .withUpdateKubeConfig(false)
                .withStartupTimeout(startupMillis())
                .build());
        try {
            server.start();
            kubeConfig = directory.resolve("kubeconfig");
            Files.writeString(kubeConfig, server.getKubeConfigYaml());
            widenServices();
            controllers = new ProcessBuilder(
                            binaries.resolve("kube-controller-manager").toString(),
                            "--kubeconfig=" + kubeConfig,
                            "--controllers=" + CONTROLLERS,
                            "--leader-elect=false",
                            "--secure-port=0",
                            "--kube-api-qps=200",
                            "--kube-api-burst=200",
                            "--concurrent-gc-syncs=4")
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve("controllers.log").toFile())
                    .start();
        } catch (IOException | RuntimeException notReady) {
            server.stop();
            throw notReady;
        }
    }

    /// The library holds its limit against a time of day, so that one which goes beyond midnight is over at once.
    private static int startupMillis() {
        for (var left = untilMidnight(); ; left = untilMidnight()) {
            if (left.compareTo(Duration.ofMinutes(1)) > 0) {
                return Math.toIntExact(Math.min(STARTUP_MILLIS, left.toMillis()));
            }
            LockSupport.parkNanos(left.toNanos());
        }
    }

    private static Duration untilMidnight() {
        return Duration.between(LocalTime.now(ZoneId.systemDefault()), LocalTime.MAX);
    }

    /// The range that the server is started with, whatever flag is given, ends with 254 Services. The first write of
    /// all: a server that has just begun may still break a connection.
    private void widenServices() {
        try (var client = client()) {
            var range = Yaml.resource("{apiVersion: networking.k8s.io/v1, kind: ServiceCIDR,"
                    + " metadata: {name: hundreds}, spec: {cidrs: [10.1.0.0/16]}}");
            for (var tries = 1; ; tries++) {
                try {
                    client.resource(range).serverSideApply();
                    return;
                } catch (KubernetesClientException busy) {
                    if (tries == MOST_TRIES) {
                        throw busy;
                    }
                }
            }
        }
    }

    /// The control plane with the definitions in it, or the test is skipped and says why.
    static synchronized ControlPlane require() {
        if (running != null) {
            return running;
        }
        var started = empty();
        try {
            define(started);
        } catch (RuntimeException undefined) {
            started.close();
            throw undefined;
        }
        Runtime.getRuntime().addShutdownHook(new Thread(started::close));
        running = started;
        return started;
    }

    private static void define(ControlPlane started) {
        try (var client = started.client()) {
            for (var definition : CustomResourceDefinitions.yaml().values()) {
                client.load(new ByteArrayInputStream(definition.getBytes(StandardCharsets.UTF_8)))
                        .serverSideApply();
            }
            for (var kind : List.of("logclusters", "logstreams")) {
                client.apiextensions()
                        .v1()
                        .customResourceDefinitions()
                        .withName(kind + ".taffrail.io")
                        .waitUntilCondition(ControlPlane::established, 5, TimeUnit.MINUTES);
            }
        }
    }

    private static boolean established(CustomResourceDefinition definition) {
        return definition != null
                && definition.getStatus() != null
                // Null before the API server has looked at it for the first time.
                && definition.getStatus().getConditions() != null
                && definition.getStatus().getConditions().stream()
                        .anyMatch(it -> it.getType().equals("Established")
                                && it.getStatus().equals("True"));
    }

    /// One that knows nothing of Taffrail, for whoever closes it; or the test is skipped and says why.
    static ControlPlane empty() {
        var binaries = binaries();
        try {
            return new ControlPlane(Files.createTempDirectory("taffrail-control-plane"), binaries);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path binaries() {
        try {
            var process = new ProcessBuilder(
                            GoldenFile.root().resolve("k8s/tools/control-plane").toString(), "--offline")
                    .start();
            var found = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (process.waitFor() != 0) {
                var missing = "SKIPPED, no control plane: run k8s/tools/control-plane, or set KUBEBUILDER_ASSETS";
                System.err.println("\n*** " + missing + " ***\n");
                abort(missing);
            }
            return Path.of(found);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    Config config() {
        return Config.fromKubeconfig(server.getKubeConfigYaml());
    }

    /// Patient: a machine that has no time is no failure of what is tested.
    KubernetesClient client() {
        var config = config();
        config.setRequestTimeout(180_000);
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    /// A client with the rights of a service account and no others.
    KubernetesClient clientAs(String namespace, String serviceAccount) {
        var config = Config.fromKubeconfig(server.getKubeConfigYaml());
        config.setImpersonateUsername("system:serviceaccount:" + namespace + ":" + serviceAccount);
        config.setImpersonateGroups("system:serviceaccounts", "system:authenticated");
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    Path kubeConfig() {
        return kubeConfig;
    }

    Path kubectl() {
        return binaries.resolve("kubectl");
    }

    /// What a pod of this service account finds: a token of its own, as a kubeconfig.
    Path kubeConfigOf(String namespace, String serviceAccount, Path file) {
        var admin = Config.fromKubeconfig(server.getKubeConfigYaml());
        try (var client = client()) {
            var token = client.serviceAccounts()
                    .inNamespace(namespace)
                    .withName(serviceAccount)
                    .tokenRequest()
                    .getStatus()
                    .getToken();
            return Files.writeString(
                    file, """
                    apiVersion: v1
                    kind: Config
                    current-context: pod
                    contexts: [{name: pod, context: {cluster: local, user: pod, namespace: %s}}]
                    clusters: [{name: local, cluster: {server: %s, certificate-authority: %s}}]
                    users: [{name: pod, user: {token: %s}}]
                    """.formatted(namespace, admin.getMasterUrl(), admin.getCaCertFile(), token));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The API server, its store and the controllers stand still: whoever asks hears nothing.
    void freeze() {
        signal("STOP");
    }

    void thaw() {
        signal("CONT");
    }

    private void signal(String signal) {
        var directories = directory.toString();
        ProcessHandle.current()
                .children()
                .filter(child -> child.info().arguments().stream()
                        .flatMap(Arrays::stream)
                        .anyMatch(argument -> argument.contains(directories)))
                .forEach(child -> {
                    try {
                        new ProcessBuilder("kill", "-" + signal, String.valueOf(child.pid()))
                                .inheritIO()
                                .start()
                                .waitFor();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
    }

    String kubectl(String... arguments) {
        try {
            var command = new java.util.ArrayList<String>();
            command.add(binaries.resolve("kubectl").toString());
            command.add("--kubeconfig=" + kubeConfig);
            command.addAll(java.util.List.of(arguments));
            var process = new ProcessBuilder(command).redirectErrorStream(true).start();
            var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor();
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        controllers.destroy();
        try {
            if (!controllers.waitFor(5, TimeUnit.SECONDS)) {
                controllers.destroyForcibly();
            }
            server.stop();
            io.fabric8.kubeapitest.Utils.deleteDirectory(directory.toFile());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
