package io.taffrail.operator.k8s;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.marcnuri.helm.Helm;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.taffrail.operator.GoldenFile;
import io.taffrail.operator.cluster.LoopbackPrefix;
import io.taffrail.operator.cluster.StandIns;
import io.taffrail.operator.crd.Condition;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.resource.ClusterNames;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The packaged operator, with the chart's rights and the heap of the chart's limit, and many LogClusters of three
/// stand-ins each in a real API server: how long an edit takes, and what the operator needs. Not in a build:
/// `scripts/operator-limits` runs it with 200.
final class ManyClustersIT {
    private static final int CLUSTERS = Integer.getInteger("clusters", 0);
    private static final Duration REST = Duration.ofSeconds(Integer.getInteger("restSeconds", 2));
    private static final Duration PATIENCE = Duration.ofMinutes(20);
    private static final String SYSTEM = "taffrail-system";
    private static final String NAMESPACE = "many";
    private static final String PASSES = "taffrail_operator_pass_seconds_count";

    @TempDir
    Path folder;

    private ControlPlane plane;
    private KubernetesClient admin;
    private LocalKubelet operatorsNode;
    private LocalKubelet replicasNodes;
    private final Map<String, String> prefixes = new ConcurrentHashMap<>();
    private final Map<String, StandIns> replicas = new ConcurrentHashMap<>();
    /// By cluster: the newest generation of which its status says that every replica has it, and when that was seen.
    private final Map<String, Applied> applied = new ConcurrentHashMap<>();

    private record Applied(long generation, long atNanos, boolean ready) {}

    @BeforeEach
    void start() {
        if (CLUSTERS == 0) {
            PodProcess.skip("takes minutes: scripts/operator-limits runs it");
        }
        OperatorPod.jar();
        plane = ControlPlane.empty();
        admin = plane.client();
    }

    @AfterEach
    void stop() {
        if (operatorsNode != null) {
            operatorsNode.close();
        }
        if (replicasNodes != null) {
            replicasNodes.close();
        }
        if (plane != null) {
            admin.close();
            plane.close();
        }
    }

    @Test
    void editsReachEveryReplicaOfEveryCluster() throws IOException, InterruptedException {
        var operator = install();
        System.out.println("operator: " + operator.residentMebibytes() + " MiB resident when it is ready");
        makeClusters();
        var begun = System.nanoTime();
        await("all ready")
                .atMost(PATIENCE)
                .until(() -> applied.values().stream().filter(Applied::ready).count() == CLUSTERS);
        System.out.printf(
                Locale.ROOT,
                "%s LogClusters of 3 are Ready %.0f s after they were made%n",
                CLUSTERS,
                (System.nanoTime() - begun) / 1e9);
        await("nothing but the resync").atMost(PATIENCE).until(() -> rate(operator) < CLUSTERS);
        rest(operator);

        edit("one edit at a time", 1);
        edit("ten at a time", 10);
        edit("all at once", CLUSTERS);
        System.out.println("operator: " + operator.residentMebibytes() + " MiB resident, "
                + (long) (metric(operator, "jvm_memory_used_bytes{area=\"heap\"") / (1 << 20)) + " MiB of heap used");
        assertTrue(operator.alive());
        assertEquals(
                List.of(),
                replicas.values().stream()
                        .flatMap(it -> it.violations().stream())
                        .toList());
    }

    private PodProcess install() {
        var began = new long[1];
        operatorsNode = new LocalKubelet(admin, SYSTEM, LoopbackPrefix.next(), (pod, address, claim) -> {
            began[0] = System.nanoTime();
            return OperatorPod.start(plane, pod, address, folder.resolve("operator"));
        });
        new Helm(GoldenFile.root().resolve("helm/taffrail-operator"))
                .install()
                .withName("taffrail-operator")
                .withNamespace(SYSTEM)
                .createNamespace()
                .withKubeConfig(plane.kubeConfig())
                .call();
        await("operator")
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> operator().filter(LocalKubelet.Container::ready).isPresent());
        System.out.printf(
                Locale.ROOT, "operator: ready %.1f s after its process began%n", (System.nanoTime() - began[0]) / 1e9);
        return (PodProcess) operator().orElseThrow();
    }

    private Optional<LocalKubelet.Container> operator() {
        return admin.pods().inNamespace(SYSTEM).list().getItems().stream()
                .findFirst()
                .flatMap(pod -> operatorsNode.container(pod.getMetadata().getName()));
    }

    private Applied applied(String cluster) {
        return Objects.requireNonNull(applied.get(cluster), cluster);
    }

    private void makeClusters() {
        admin.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(NAMESPACE)
                        .endMetadata()
                        .build())
                .create();
        replicasNodes = new LocalKubelet(
                admin,
                NAMESPACE,
                this::prefix,
                Duration.ofMillis(200),
                (pod, address, claim) -> start(
                        pod,
                        address,
                        Objects.requireNonNull(claim).getMetadata().getUid()));
        admin.resources(LogCluster.class).inNamespace(NAMESPACE).inform(new ResourceEventHandler<>() {
            @Override
            public void onAdd(LogCluster cluster) {
                note(cluster);
            }

            @Override
            public void onUpdate(LogCluster before, LogCluster cluster) {
                note(cluster);
            }

            @Override
            public void onDelete(LogCluster cluster, boolean unknown) {}
        });
        for (var cluster = 0; cluster < CLUSTERS; cluster++) {
            admin.resource(Yaml.resource("{apiVersion: taffrail.io/v1alpha1, kind: LogCluster, metadata: {name: "
                            + name(cluster) + ", namespace: " + NAMESPACE + "}, spec: {storage: {size: 1Gi}}}"))
                    .create();
        }
    }

    private static String name(int cluster) {
        return "log-" + cluster;
    }

    /// An own one for each cluster: all replicas speak on the same port.
    private synchronized String prefix(Pod pod) {
        return prefixes.computeIfAbsent(cluster(pod), name -> LoopbackPrefix.next());
    }

    private static String cluster(Pod pod) {
        return Objects.requireNonNull(pod.getMetadata().getLabels().get(ClusterNames.CLUSTER_LABEL));
    }

    private LocalKubelet.Container start(Pod pod, String address, String claim) {
        var standIns = replicas.computeIfAbsent(cluster(pod), name -> new StandIns());
        var node = ClusterNames.ordinal(pod.getMetadata().getName());
        var replica = standIns.start(node, address, claim);
        return new LocalKubelet.Container() {
            @Override
            public boolean ready() {
                return standIns.ready(node);
            }

            @Override
            public void close() {
                replica.close();
            }
        };
    }

    private void note(LogCluster cluster) {
        var status = cluster.getStatus();
        var settings = status == null ? null : status.settings();
        var generation = settings == null ? null : settings.appliedGeneration();
        if (generation == null) {
            return;
        }
        var ready = status.conditions().stream()
                .filter(condition -> condition.status() == Condition.Status.True)
                .map(Condition::type)
                .collect(Collectors.toSet())
                .containsAll(List.of("Ready", "Reconciled"));
        applied.merge(
                cluster.getMetadata().getName(),
                new Applied(Long.parseLong(generation), System.nanoTime(), ready),
                (before, now) -> before.generation == now.generation
                        ? new Applied(before.generation, before.atNanos, now.ready)
                        : now);
    }

    /// Passes a second, over a second.
    private static double rate(PodProcess operator) throws IOException, InterruptedException {
        var before = metric(operator, PASSES);
        Thread.sleep(1_000);
        return metric(operator, PASSES) - before;
    }

    private static void rest(PodProcess operator) throws IOException, InterruptedException {
        var passes = metric(operator, PASSES);
        var processor = operator.processorTime();
        Thread.sleep(REST.toMillis());
        System.out.printf(
                Locale.ROOT,
                "at rest: %.1f passes a second, %.0f ms of processor time a second, over %s s%n",
                (metric(operator, PASSES) - passes) / REST.toSeconds(),
                (double) operator.processorTime().minus(processor).toMillis() / REST.toSeconds(),
                REST.toSeconds());
    }

    private static double metric(PodProcess operator, String prefix) throws IOException, InterruptedException {
        return operator.get("/q/metrics")
                .lines()
                .filter(line -> line.startsWith(prefix))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    /// Every cluster once: from the sending of the edit until its status says that every replica has it.
    private void edit(String how, int atOnce) {
        var micros = 20_000 + atOnce;
        var latencies = new ArrayList<Double>();
        for (var first = 0; first < CLUSTERS; first += atOnce) {
            var edited = IntStream.range(first, Math.min(CLUSTERS, first + atOnce))
                    .boxed()
                    .collect(Collectors.toMap(ManyClustersIT::name, cluster -> patch(name(cluster), micros)));
            await("applied")
                    .atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> edited.entrySet().stream()
                            .allMatch(edit -> applied(edit.getKey()).generation >= edit.getValue().generation));
            edited.forEach((name, edit) -> latencies.add((applied(name).atNanos - edit.atNanos) / 1e6));
        }
        for (var standIns : replicas.values()) {
            for (var node = 0; node < 3; node++) {
                assertEquals(micros, standIns.writerDelayMicros(node));
            }
        }
        latencies.sort(null);
        System.out.printf(
                Locale.ROOT,
                "%s: %s edits applied, p50 %.0f ms, p99 %.0f ms, longest %.0f ms%n",
                how,
                latencies.size(),
                latencies.get(latencies.size() / 2),
                latencies.get(Math.min(latencies.size() - 1, latencies.size() * 99 / 100)),
                latencies.getLast());
    }

    private record Edit(long generation, long atNanos) {}

    private Edit patch(String name, int micros) {
        var began = System.nanoTime();
        var edited = admin.resources(LogCluster.class)
                .inNamespace(NAMESPACE)
                .withName(name)
                .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"writerDelay\":\"" + micros + "us\"}}");
        return new Edit(edited.getMetadata().getGeneration(), began);
    }
}
