package io.taffrail.operator.k8s;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.UpgradeCommand;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.taffrail.operator.GoldenFile;
import io.taffrail.operator.crd.LogCluster;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// All that a user does, from an API server that knows nothing of Taffrail: Helm installs, the packaged operator runs
/// with the chart's rights, three servers become a cluster, records go in and out by the Services' endpoints; then the
/// chart is upgraded, rolled back and removed while the cluster goes on.
final class EmptyApiServerIT {
    private static final String SYSTEM = "taffrail-system";
    private static final String NAMESPACE = "shop";
    private static final Path CHART = GoldenFile.root().resolve("helm/taffrail-operator");
    /// For the operator that never starts, and then again for the one that comes back.
    private static final int HELM_WAITS_SECONDS = 40;

    @TempDir
    Path folder;

    private ControlPlane plane;
    private KubernetesClient admin;
    private LocalKubelet operatorsNode;
    private RealCluster cluster;
    private long begun;

    @BeforeEach
    void start() {
        OperatorPod.jar();
        ServerPod.jar();
        begun = System.nanoTime();
        plane = ControlPlane.empty();
        admin = plane.client();
    }

    @AfterEach
    void stop() {
        if (cluster != null) {
            cluster.close();
        }
        if (operatorsNode != null) {
            operatorsNode.close();
        }
        if (plane != null) {
            admin.close();
            plane.close();
        }
    }

    private void step(String done) {
        var now = System.nanoTime();
        System.out.printf(Locale.ROOT, "%6.1f s  %s%n", (now - begun) / 1e9, done);
        begun = System.nanoTime();
    }

    @Test
    void helmInstallsAClusterServesAndOutlivesUpgradeRollbackAndUninstall() throws IOException {
        assertTrue(definitions().isEmpty());
        operatorsNode = new LocalKubelet(
                admin,
                SYSTEM,
                io.taffrail.operator.cluster.LoopbackPrefix.next(),
                (pod, address, claim) -> OperatorPod.start(plane, pod, address, folder.resolve("operator")));
        operatorsNode.missingImage("taffrail/operator:broken");
        step("an empty API server with its controllers");

        install();
        awaitOperator("taffrail/operator:0.1.0");
        step("helm install, and the operator is ready: " + operator().residentMebibytes() + " MiB resident");

        cluster = new RealCluster(
                plane, NAMESPACE, Files.createDirectories(folder.resolve("volumes")), RealCluster.PATIENT);
        sample("logcluster");
        cluster.awaitReady();
        step("a LogCluster of 3 is Ready");

        sample("logstream");
        await("stream")
                .atMost(RealCluster.PATIENCE)
                .until(() -> plane.kubectl("-n", NAMESPACE, "get", "ls").contains("AsSpecified")
                        || plane.kubectl("-n", NAMESPACE, "get", "ls").contains("True"));
        step("its LogStream is there");
        append("one", "two", "three");
        step("3 records appended through the endpoint of the leader Service");
        assertEquals(List.of("one", "two", "three"), read());
        channel("orders", 3).shutdownNow();
        step("and read");
        show();

        upgradesTheDefinitionsAndRestartsNoReplica();
        rollsBack();
        uninstalls();
        append("four");
        assertEquals(List.of("one", "two", "three", "four"), read());
        step("appended and read without an operator");

        install();
        awaitOperator("taffrail/operator:0.1.0");
        cluster.awaitReady();
        step("helm install again finds the definitions and the cluster");
    }

    private void upgradesTheDefinitionsAndRestartsNoReplica() throws IOException {
        var replicas = cluster.pods();
        var before = operatorPod();
        upgrade(nextChart()).set("operator.idleInterval", "14s").call();
        awaitOperator("taffrail/operator:0.1.0");
        assertTrue(plane.kubectl("get", "crd", "logclusters.taffrail.io", "-o", "yaml")
                .contains("name: Epoch"));
        assertTrue(!before.equals(operatorPod()));
        cluster.awaitReady();
        assertEquals(replicas, cluster.pods());
        step("helm upgrade: another column in the definition, another operator, the same replicas");
    }

    /// An upgrade whose operator does not start is taken back by Helm.
    private void rollsBack() throws IOException {
        var replicas = cluster.pods();
        var failure = assertThrows(
                IllegalStateException.class,
                () -> upgrade(CHART)
                        .set("image.tag", "broken")
                        .atomic()
                        .withTimeout(HELM_WAITS_SECONDS)
                        .call());
        assertTrue(String.valueOf(failure.getMessage()).contains("rolled back"), failure.getMessage());
        awaitOperator("taffrail/operator:0.1.0");
        assertTrue(plane.kubectl("get", "crd", "logclusters.taffrail.io", "-o", "yaml")
                .contains("name: Epoch"));
        cluster.awaitReady();
        assertEquals(replicas, cluster.pods());
        step("a broken upgrade was rolled back (Helm waited " + HELM_WAITS_SECONDS + " s of that)");
    }

    private void uninstalls() {
        Helm.uninstall("taffrail-operator")
                .withNamespace(SYSTEM)
                .withKubeConfig(plane.kubeConfig())
                .call();
        await("the operator is gone")
                .atMost(RealCluster.PATIENCE)
                .until(() -> admin.pods().inNamespace(SYSTEM).list().getItems().isEmpty());
        assertEquals(2, definitions().size());
        assertNotNull(cluster.cluster());
        assertEquals(3, cluster.pods().size());
        step("helm uninstall: the definitions, the LogCluster and its pods stay");
    }

    private void install() {
        new Helm(CHART)
                .install()
                .withName("taffrail-operator")
                .withNamespace(SYSTEM)
                .createNamespace()
                .withKubeConfig(plane.kubeConfig())
                .call();
    }

    private UpgradeCommand upgrade(Path chart) {
        return new Helm(chart)
                .upgrade()
                .withName("taffrail-operator")
                .withNamespace(SYSTEM)
                .withKubeConfig(plane.kubeConfig());
    }

    /// The chart as a later version might be: its definition has one column more.
    private Path nextChart() throws IOException {
        var next = folder.resolve("next");
        try (var files = Files.walk(CHART)) {
            for (var file : files.toList()) {
                Files.copy(file, next.resolve(CHART.relativize(file)));
            }
        }
        var definition = next.resolve("templates/crd-logclusters.yaml");
        var column = "additionalPrinterColumns:\n";
        var text = Files.readString(definition);
        var at = text.indexOf(column);
        var indent = text.substring(text.lastIndexOf('\n', at) + 1, at).replace('-', ' ');
        Files.writeString(
                definition,
                text.replaceFirst(
                        column,
                        column + indent + "- jsonPath: .status.leader.epoch\n" + indent + "  name: Epoch\n" + indent
                                + "  type: string\n"));
        return next;
    }

    private List<String> definitions() {
        return admin.apiextensions().v1().customResourceDefinitions().list().getItems().stream()
                .map(definition -> definition.getMetadata().getName())
                .filter(name -> name.endsWith(".taffrail.io"))
                .toList();
    }

    private void awaitOperator(String image) {
        await("operator").atMost(RealCluster.PATIENCE).untilAsserted(() -> assertTrue(runs(image), this::whyNot));
    }

    private boolean runs(String image) {
        var deployment = admin.apps()
                .deployments()
                .inNamespace(SYSTEM)
                .withName("taffrail-operator")
                .get();
        var status = deployment.getStatus();
        return image.equals(deployment
                        .getSpec()
                        .getTemplate()
                        .getSpec()
                        .getContainers()
                        .getFirst()
                        .getImage())
                && deployment.getMetadata().getGeneration().equals(status.getObservedGeneration())
                && Integer.valueOf(1).equals(status.getUpdatedReplicas())
                && Integer.valueOf(1).equals(status.getReadyReplicas());
    }

    private String whyNot() {
        var logs = new StringBuilder(plane.kubectl("-n", SYSTEM, "get", "deployments,pods", "-o", "wide"));
        try (var files = Files.list(folder.resolve("operator"))) {
            for (var file : files.filter(it -> it.toString().endsWith(".log")).toList()) {
                logs.append(Files.readString(file));
            }
        } catch (IOException e) {
            logs.append("no log: ").append(e);
        }
        return logs.toString();
    }

    private String operatorPod() {
        return admin.pods()
                .inNamespace(SYSTEM)
                .list()
                .getItems()
                .getFirst()
                .getMetadata()
                .getName();
    }

    private PodProcess operator() {
        return (PodProcess) operatorsNode.container(operatorPod()).orElseThrow();
    }

    private void sample(String name) throws IOException {
        admin.resource(Yaml.resource(Files.readString(GoldenFile.root().resolve("k8s/samples/" + name + ".yaml"))))
                .inNamespace(NAMESPACE)
                .serverSideApply();
    }

    /// To the first endpoint of a Service, which must have so many.
    private void append(String... records) {
        var leader = channel("orders-leader", 1);
        try {
            cluster.append(leader, records);
        } finally {
            leader.shutdownNow();
        }
    }

    private List<String> read() {
        var leader = channel("orders-leader", 1);
        try {
            return cluster.read(leader);
        } finally {
            leader.shutdownNow();
        }
    }

    private ManagedChannel channel(String service, int count) {
        await(service)
                .atMost(RealCluster.PATIENCE)
                .until(() -> endpoints(service).size() == count);
        return NettyChannelBuilder.forAddress(
                        new InetSocketAddress(endpoints(service).getFirst(), 9090))
                .usePlaintext()
                .build();
    }

    /// What the endpoints controller would make: the ready pods that the Service selects. The controller itself cannot,
    /// since an API server takes no loopback address for an endpoint.
    private List<String> endpoints(String service) {
        var selector = admin.services()
                .inNamespace(NAMESPACE)
                .withName(service)
                .get()
                .getSpec()
                .getSelector();
        return admin.pods().inNamespace(NAMESPACE).withLabels(selector).list().getItems().stream()
                .map(Pod::getStatus)
                .filter(status -> status.getConditions().stream()
                        .anyMatch(it ->
                                it.getType().equals("Ready") && it.getStatus().equals("True")))
                .map(PodStatus::getPodIP)
                .toList();
    }

    /// What a user sees, for the documents.
    private void show() {
        System.out.println(plane.kubectl("-n", NAMESPACE, "get", "lc,ls"));
        System.out.println(plane.kubectl("-n", NAMESPACE, "describe", "lc", "orders"));
        System.out.println(plane.kubectl("explain", "lc.spec"));
        assertNotNull(admin.resources(LogCluster.class)
                .inNamespace(NAMESPACE)
                .withName("orders")
                .get()
                .getStatus()
                .leader());
    }
}
