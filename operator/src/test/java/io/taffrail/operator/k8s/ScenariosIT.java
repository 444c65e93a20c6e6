package io.taffrail.operator.k8s;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.abort;

import com.marcnuri.helm.Helm;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.taffrail.operator.GoldenFile;
import io.taffrail.operator.cluster.LoopbackPrefix;
import io.taffrail.operator.resource.ClusterNames;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The scripts of `k8s/e2e`, with a real kubectl, against a real API server: the operator was installed by Helm and is
/// the packaged one, the replicas are real servers, records go through the command line. Not in a build:
/// `k8s/e2e/local` runs them.
final class ScenariosIT {
    private static final String SYSTEM = "taffrail-system";
    private static final int SKIPPED = 77;
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    @TempDir
    static Path folder;

    private static ControlPlane plane;
    private static KubernetesClient admin;
    private static LocalKubelet kubelet;
    private static PodNames names;
    private static final Map<String, String> PREFIXES = new HashMap<>();

    static Stream<String> scenarios() {
        return Arrays.stream(System.getProperty("scenarios", "none").split(","));
    }

    @BeforeAll
    static void start() {
        if (scenarios().allMatch("none"::equals)) {
            PodProcess.skip("takes minutes: k8s/e2e/local runs it");
        }
        OperatorPod.jar();
        ServerPod.jar();
        commandLine();
        plane = ControlPlane.empty();
        admin = plane.client();
        names = new PodNames(folder.resolve("hosts"));
        kubelet = new LocalKubelet(admin, null, ScenariosIT::prefix, Duration.ofMillis(200), ScenariosIT::run);
        new Helm(GoldenFile.root().resolve("helm/taffrail-operator"))
                .install()
                .withName("taffrail-operator")
                .withNamespace(SYSTEM)
                .createNamespace()
                .withKubeConfig(plane.kubeConfig())
                .call();
        await("operator")
                .atMost(PATIENCE)
                .until(() -> Integer.valueOf(1)
                        .equals(admin.apps()
                                .deployments()
                                .inNamespace(SYSTEM)
                                .withName("taffrail-operator")
                                .get()
                                .getStatus()
                                .getReadyReplicas()));
    }

    @AfterAll
    static void stop() {
        if (kubelet != null) {
            kubelet.close();
            admin.close();
            plane.close();
        }
    }

    private static Path commandLine() {
        return PodProcess.packaged("cli", "taffrail-cli.jar");
    }

    private static @Nullable String cluster(Pod pod) {
        return pod.getMetadata().getLabels().get(ClusterNames.CLUSTER_LABEL);
    }

    private static synchronized String prefix(Pod pod) {
        return PREFIXES.computeIfAbsent(
                pod.getMetadata().getNamespace() + "/" + cluster(pod), name -> LoopbackPrefix.next());
    }

    private static LocalKubelet.Container run(Pod pod, String address, @Nullable PersistentVolumeClaim claim) {
        var cluster = cluster(pod);
        if (cluster == null || claim == null) {
            return OperatorPod.start(plane, pod, address, folder.resolve("operator"));
        }
        names.put(
                pod.getMetadata().getNamespace(),
                cluster,
                ClusterNames.ordinal(pod.getMetadata().getName()),
                address);
        var volume = folder.resolve(claim.getMetadata().getUid());
        return ServerPod.start(admin, pod, address, volume, names.file());
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void holds(String scenario) throws IOException, InterruptedException {
        var script = GoldenFile.root().resolve("k8s/e2e").resolve(scenario);
        var log = folder.resolve(scenario + ".out");
        var builder =
                new ProcessBuilder(script.toString()).redirectErrorStream(true).redirectOutput(log.toFile());
        var environment = builder.environment();
        environment.put("KUBECONFIG", plane.kubeConfig().toString());
        environment.merge(
                "PATH", plane.kubectl().getParent().toString(), (path, own) -> own + File.pathSeparator + path);
        environment.put("E2E_PATIENCE", String.valueOf(PATIENCE.toSeconds()));
        environment.put(
                "E2E_SPEC",
                "io: {direct: false}, storage: {size: 1Gi, accessMode: ReadWriteOnce, reclaimPolicy: Delete}");
        environment.put(
                "E2E_CLIENT",
                Path.of(System.getProperty("java.home"), "bin", "java")
                        + " -XX:TieredStopAtLevel=1 -Djdk.net.hosts.file=" + names.file()
                        + " -Dsun.net.inetaddr.ttl=0 -jar " + commandLine());
        var process = builder.start();
        process.getOutputStream().close();
        var status = process.waitFor();
        var told = Files.readString(log, StandardCharsets.UTF_8);
        System.out.print(told);
        if (status == SKIPPED) {
            abort(told);
        }
        assertEquals(0, status, told);
    }
}
