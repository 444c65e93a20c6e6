package io.taffrail.operator.k8s;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.marcnuri.helm.Helm;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.storage.StorageClassBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.taffrail.operator.GoldenFile;
import io.taffrail.operator.cluster.StandIns;
import io.taffrail.operator.crd.Condition;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.crd.LogStream;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The operator against a real API server and the real StatefulSet, garbage and namespace controllers, with no more
/// rights than the chart gives it. Replicas are stand-ins behind the real control protocol.
final class OperatorTest {
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static ControlPlane plane;
    private static KubernetesClient admin;
    private static int count;

    private final String namespace = "shop-" + count++;
    private StandIns replicas;
    private LocalKubelet kubelet;
    private KubernetesClient rights;
    private RunningOperator operator;

    @BeforeAll
    static void install() {
        plane = ControlPlane.require();
        admin = plane.client();
        // The definitions are there already: the schema's tests have applied them without Helm.
        new Helm(GoldenFile.root().resolve("helm/taffrail-operator"))
                .install()
                .withName("taffrail-operator")
                .withNamespace("taffrail-system")
                .createNamespace()
                .set("crds.enabled", false)
                .withKubeConfig(plane.kubeConfig())
                .call();
        assertNotNull(admin.apps()
                .deployments()
                .inNamespace("taffrail-system")
                .withName("taffrail-operator")
                .get());
        admin.resource(new StorageClassBuilder()
                        .withNewMetadata()
                        .withName("fast")
                        .endMetadata()
                        .withProvisioner("local")
                        .withAllowVolumeExpansion(true)
                        .build())
                .create();
    }

    @AfterAll
    static void close() {
        if (admin != null) {
            admin.close();
        }
    }

    @BeforeEach
    void start() {
        admin.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(namespace)
                        .endMetadata()
                        .build())
                .create();
        replicas = new StandIns();
        kubelet = new LocalKubelet(admin, namespace, replicas.prefix(), (pod, address, claim) -> {
            var replica = replicas.start(
                    ordinal(pod.getMetadata().getName()),
                    address,
                    claim.getMetadata().getUid());
            return new LocalKubelet.Container() {
                @Override
                public boolean ready() {
                    return replicas.ready(ordinal(pod.getMetadata().getName()));
                }

                @Override
                public void close() {
                    replica.close();
                }
            };
        });
        rights = plane.clientAs("taffrail-system", "taffrail-operator");
        operator = new RunningOperator(rights, namespace);
    }

    @AfterEach
    void stop() {
        operator.close();
        kubelet.close();
        rights.close();
    }

    private static int ordinal(String pod) {
        return Integer.parseInt(pod.substring(pod.lastIndexOf('-') + 1));
    }

    private void apply(String spec) {
        var yaml = "{apiVersion: taffrail.io/v1alpha1, kind: LogCluster, metadata: {name: orders, namespace: "
                + namespace + "}, spec: {storage: {size: 1Gi, storageClassName: fast}}}";
        admin.resource(Yaml.resource(yaml, spec)).forceConflicts().serverSideApply();
    }

    private LogCluster cluster() {
        return admin.resources(LogCluster.class)
                .inNamespace(namespace)
                .withName("orders")
                .get();
    }

    private Map<String, Condition> conditions() {
        var status = cluster().getStatus();
        return status == null
                ? Map.of()
                : status.conditions().stream().collect(Collectors.toMap(Condition::type, it -> it));
    }

    private void awaitAsSpecified() {
        await("as specified").atMost(PATIENCE).until(() -> {
            var found = cluster();
            var reconciled = conditions().get("Reconciled");
            return reconciled != null
                    && reconciled.status() == Condition.Status.True
                    && found.getMetadata()
                            .getGeneration()
                            .equals(found.getStatus().observedGeneration());
        });
    }

    private void awaitReady() {
        await("ready").atMost(PATIENCE).until(() -> {
            awaitAsSpecified();
            return conditions().get("Ready").status() == Condition.Status.True;
        });
    }

    private Map<String, String> pods() {
        return admin.pods().inNamespace(namespace).list().getItems().stream()
                .collect(Collectors.toMap(
                        pod -> pod.getMetadata().getName(),
                        pod -> pod.getMetadata().getUid()));
    }

    @Test
    void fromALogClusterToACluster() {
        apply("");
        awaitReady();
        assertEquals(3, replicas.bootstraps());
        var columns = plane.kubectl("-n", namespace, "get", "lc")
                .lines()
                .map(line -> List.of(line.split(" +")))
                .toList();
        assertEquals(
                List.of("NAME", "REPLICAS", "READY", "LEADER", "COMMIT", "REPLICATION", "DURABLE", "AGE"),
                columns.getFirst());
        assertEquals(
                List.of("orders", "3", "3", "orders-0", "Sync", "Quorum", "True"),
                columns.get(1).subList(0, 7));

        // Settings: seconds, no pod restarted, and the spec is as the user wrote it although status is written too.
        var before = pods();
        apply("writerDelay: 40ms");
        await().atMost(PATIENCE).until(() -> replicas.writerDelayMicros(2) == 40_000);
        apply("writerDelay: 80ms");
        await().atMost(PATIENCE).until(() -> replicas.writerDelayMicros(2) == 80_000);
        awaitReady();
        assertEquals("80ms", cluster().getSpec().writerDelay());
        assertEquals(before, pods());
        assertEquals(3, replicas.bootstraps());
    }

    @Test
    void aMistypedImageIsCorrectedBeforeAnyPodRan() {
        kubelet.missingImage("mistyped:1");
        apply("image: mistyped:1");
        await().atMost(PATIENCE)
                .until(() -> cluster().getStatus() != null
                        && cluster().getStatus().replicas().stream()
                                        .filter(replica -> "ImagePullBackOff".equals(replica.detail()))
                                        .count()
                                == 3);
        apply("image: good:1");
        awaitReady();
        assertEquals(3, replicas.bootstraps());
    }

    @Test
    void aRollingChangeStopsAtABrokenImageAndGoesOnWithAGoodOne() {
        apply("");
        awaitReady();
        var before = pods();
        kubelet.missingImage("broken:1");
        apply("image: broken:1");
        await().atMost(PATIENCE)
                .until(() -> !pods().getOrDefault("orders-2", "").equals(before.get("orders-2"))
                        && "ReplicaNotInSync"
                                .equals(conditions().get("Reconciled").reason()));
        assertEquals(before.get("orders-0"), pods().get("orders-0"));
        assertEquals(before.get("orders-1"), pods().get("orders-1"));
        assertEquals("orders-0", cluster().getStatus().leader().pod());

        apply("image: good:1");
        awaitReady();
        for (var pod : pods().keySet()) {
            assertEquals(
                    "good:1",
                    admin.pods()
                            .inNamespace(namespace)
                            .withName(pod)
                            .get()
                            .getSpec()
                            .getContainers()
                            .getFirst()
                            .getImage());
        }
        assertTrue(replicas.transfers() >= 1);
    }

    @Test
    void scalesUpAndDownHibernatesAndWakes() {
        apply("");
        awaitReady();
        apply("replicas: 5");
        awaitReady();
        assertEquals(List.of(0, 1, 2, 3, 4), replicas.voters());
        apply("replicas: 3");
        awaitReady();
        assertEquals(List.of(0, 1, 2), replicas.voters());
        assertEquals(
                5,
                admin.persistentVolumeClaims()
                        .inNamespace(namespace)
                        .list()
                        .getItems()
                        .size());
        apply("lifecycle: Hibernated");
        await().atMost(PATIENCE).until(() -> pods().isEmpty());
        awaitAsSpecified();
        assertEquals("Hibernated", conditions().get("Ready").reason());
        apply("lifecycle: Running");
        awaitReady();
        assertEquals(3, replicas.bootstraps());
    }

    @Test
    void growsVolumesAndDeletesThemOnlyWhenAsked() {
        apply("");
        awaitReady();
        apply("storage: {size: 2Gi, storageClassName: fast}");
        await().atMost(PATIENCE)
                .until(() -> admin.persistentVolumeClaims().inNamespace(namespace).list().getItems().stream()
                        .allMatch(claim -> claim.getStatus()
                                        .getCapacity()
                                        .get("storage")
                                        .getNumericalAmount()
                                        .longValueExact()
                                == 2L << 30));
        awaitReady();
        admin.resource(cluster()).delete();
        await().atMost(PATIENCE).until(() -> pods().isEmpty());
        await("no alert for what is gone")
                .atMost(PATIENCE)
                .until(() -> operator.condition("LogCluster", "orders", "Reconciled") == null);
        assertEquals(
                3,
                admin.persistentVolumeClaims()
                        .inNamespace(namespace)
                        .list()
                        .getItems()
                        .size());

        // The same volumes again, and this time they go with the cluster.
        apply("storage: {size: 2Gi, storageClassName: fast, reclaimPolicy: Delete}");
        awaitReady();
        assertEquals(3, replicas.bootstraps());
        admin.resource(cluster()).delete();
        await().atMost(PATIENCE)
                .until(() -> admin.persistentVolumeClaims().inNamespace(namespace).list().getItems().stream()
                        .allMatch(claim -> claim.getMetadata().getDeletionTimestamp() != null));
    }

    @Test
    void keepsStreamsAsTheyAreAskedFor() {
        apply("");
        awaitReady();
        stream("payments", "commitMode: Sync, replicationMode: All, retention: {age: 24h}");
        awaitStream("payments", "AsSpecified");
        assertEquals(86_400_000, replicas.streams().get("payments").getConfig().getRetentionMillis());

        // Changed behind its back, and mended.
        replicas.streams().computeIfPresent("payments", (name, found) -> {
            var config = found.getConfig().toBuilder().setRetentionMillis(1).build();
            return found.toBuilder().setConfig(config).build();
        });
        await().atMost(PATIENCE)
                .until(() -> replicas.streams().get("payments").getConfig().getRetentionMillis() == 86_400_000);

        // Made by a program: refused until it may be adopted.
        replicas.createForeignStream("events");
        stream("events", "deletionPolicy: Delete");
        awaitStream("events", "StreamExists");
        stream("events", "deletionPolicy: Delete, adoptionPolicy: IfUnmanaged");
        awaitStream("events", "AsSpecified");

        // No rule of the schema judges it, so the condition must.
        stream("events", "deletionPolicy: Delete, adoptionPolicy: IfUnmanaged, retention: {bytes: 999999999999Ti}");
        awaitStream("events", "SpecUnreadable");
        assertEquals(
                "spec.retention.bytes is \"999999999999Ti\": allowed is at most 8388607Ti",
                streams()
                        .withName("events")
                        .get()
                        .getStatus()
                        .conditions()
                        .getFirst()
                        .message());
        assertEquals(0.0, operator.condition("LogStream", "events", "Ready"));
        assertEquals(1.0, operator.condition("LogStream", "payments", "Ready"));

        streams().withName("payments").delete();
        streams().withName("events").delete();
        await().atMost(PATIENCE).until(() -> streams().list().getItems().isEmpty());
        assertTrue(replicas.streams().containsKey("payments"), "Retain is the default");
        assertFalse(replicas.streams().containsKey("events"));
        await("no alert for what is gone")
                .atMost(PATIENCE)
                .until(() -> operator.condition("LogStream", "events", "Ready") == null
                        && operator.condition("LogStream", "payments", "Ready") == null);
    }

    @Test
    void aDrainTakesOneReplicaAtATime() {
        apply("");
        awaitReady();
        // So that what was evicted stays away for as long as it takes to ask.
        kubelet.hold(true);
        await("the first eviction").atMost(PATIENCE).until(() -> evict(0));
        assertFalse(evict(1), "a second eviction while the first replica is away");
        assertFalse(evict(2), "a second eviction while the first replica is away");
        kubelet.hold(false);
        awaitReady();
        await("the next eviction").atMost(PATIENCE).until(() -> evict(1));
    }

    /// Through the eviction API, as kubectl drain does it; false: refused by the disruption budget.
    private boolean evict(int ordinal) {
        return admin.pods().inNamespace(namespace).withName("orders-" + ordinal).evict();
    }

    @Test
    void labelsThatStrangersChangeAreMended() {
        apply("");
        awaitReady();
        plane.kubectl("-n", namespace, "label", "pod", "orders-2", "taffrail.io/role=leader", "--overwrite");
        plane.kubectl("-n", namespace, "label", "pod", "orders-0", "taffrail.io/role-");
        await("one leader").atMost(PATIENCE).until(() -> leaders().equals(List.of("orders-0")));
        assertEquals(0, replicas.transfers());
    }

    private List<String> leaders() {
        return admin.pods().inNamespace(namespace).withLabel("taffrail.io/role", "leader").list().getItems().stream()
                .map(pod -> pod.getMetadata().getName())
                .toList();
    }

    @Test
    void kubectlScaleGoesThroughTheSameRules() {
        apply("");
        awaitReady();
        for (var refused : List.of("1", "0", "4", "7")) {
            var answer = plane.kubectl("-n", namespace, "scale", "lc/orders", "--replicas=" + refused);
            assertTrue(answer.contains("nvalid"), answer);
        }
        plane.kubectl("-n", namespace, "scale", "lc/orders", "--replicas=5");
        await("five").atMost(PATIENCE).until(() -> replicas.voters().size() == 5);
        awaitReady();

        // Behind the operator's back, to nothing and to a minority.
        for (var count : List.of("0", "2")) {
            plane.kubectl("-n", namespace, "scale", "statefulset/orders", "--replicas=" + count);
            await("back").atMost(PATIENCE).until(() -> pods().size() == 5);
            awaitReady();
        }
        assertEquals(List.of(0, 1, 2, 3, 4), replicas.voters());
        assertEquals(List.of(), replicas.violations());
        assertEquals(3, replicas.bootstraps());
    }

    @Test
    void anOlderVersionThanTheNewestThatWroteIsRefused() {
        apply("version: 0.1.0");
        awaitReady();
        assertEquals("0.1.0", cluster().getStatus().newestVersion());
        var before = pods();
        apply("version: 0.0.9");
        await("refused")
                .atMost(PATIENCE)
                .until(() ->
                        "DowngradeRefused".equals(conditions().get("Reconciled").reason()));
        assertEquals(before, pods());
        apply("version: 0.1.0");
        awaitReady();
        assertEquals(before, pods());
    }

    @Test
    void aLogStreamThatWaitsToBeDeletedSaysForWhat() {
        apply("");
        awaitReady();
        stream("payments", "deletionPolicy: Delete");
        awaitStream("payments", "AsSpecified");
        apply("management: Paused");
        streams().withName("payments").delete();
        awaitStream("payments", "WaitsToBeDeleted");
        assertEquals(0.0, operator.condition("LogStream", "payments", "Ready"));
        assertTrue(replicas.streams().containsKey("payments"));
        apply("management: Managed");
        await().atMost(PATIENCE).until(() -> streams().list().getItems().isEmpty());
        assertFalse(replicas.streams().containsKey("payments"));
    }

    @Test
    void aDeletedNamespaceDoesNotHang() {
        apply("");
        awaitReady();
        stream("payments", "deletionPolicy: Delete");
        awaitStream("payments", "AsSpecified");
        admin.namespaces().withName(namespace).delete();
        await().atMost(PATIENCE).until(() -> streams().list().getItems().isEmpty() && pods().isEmpty());
    }

    /// Its Role goes with it, and before the LogStreams if it so happens.
    @Test
    void aDeletedNamespaceThatTakesTheOperatorsRightsWithItDoesNotHang() {
        var release = "few-" + namespace;
        new Helm(GoldenFile.root().resolve("helm/taffrail-operator"))
                .install()
                .withName("taffrail-operator")
                .withNamespace(release)
                .createNamespace()
                .set("crds.enabled", false)
                .set("watchNamespaces[0]", namespace)
                .withKubeConfig(plane.kubeConfig())
                .call();
        operator.close();
        rights.close();
        rights = plane.clientAs(release, "taffrail-operator");
        operator = new RunningOperator(rights, namespace);
        apply("");
        awaitReady();
        for (var policy : List.of("Delete", "Retain")) {
            stream(policy.toLowerCase(Locale.ROOT), "deletionPolicy: " + policy);
            awaitStream(policy.toLowerCase(Locale.ROOT), "AsSpecified");
        }
        var rbac = admin.rbac();
        rbac.roleBindings().inNamespace(namespace).withName("taffrail-operator").delete();
        rbac.roles().inNamespace(namespace).withName("taffrail-operator").delete();
        admin.namespaces().withName(namespace).delete();
        await().atMost(PATIENCE).until(() -> streams().list().getItems().isEmpty());
    }

    private io.fabric8.kubernetes.client.dsl.NonNamespaceOperation<
                    LogStream,
                    io.fabric8.kubernetes.api.model.KubernetesResourceList<LogStream>,
                    io.fabric8.kubernetes.client.dsl.Resource<LogStream>>
            streams() {
        return admin.resources(LogStream.class).inNamespace(namespace);
    }

    private void stream(String name, String spec) {
        var yaml = "{apiVersion: taffrail.io/v1alpha1, kind: LogStream, metadata: {name: " + name + ", namespace: "
                + namespace + "}, spec: {clusterRef: {name: orders}, streamName: " + name + ", " + spec + "}}";
        admin.resource(Yaml.resource(yaml)).forceConflicts().serverSideApply();
    }

    private void awaitStream(String name, String reason) {
        await(reason).atMost(PATIENCE).until(() -> {
            var status = streams().withName(name).get().getStatus();
            return status != null
                    && status.conditions().stream().anyMatch(it -> it.reason().equals(reason));
        });
    }
}
