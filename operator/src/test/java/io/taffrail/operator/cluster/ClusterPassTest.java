package io.taffrail.operator.cluster;

import static java.util.stream.Collectors.toMap;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.EnableKubernetesMockClient;
import io.taffrail.operator.ClusterPassFixture;
import io.taffrail.operator.crd.Condition;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.crd.LogClusterStatus;
import io.taffrail.operator.plan.Sight;
import io.taffrail.operator.resource.ClusterNames;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Passes over a cluster whose API server is fabric8's mock and whose replicas are stand-ins behind real gRPC.
@EnableKubernetesMockClient(crud = true)
final class ClusterPassTest {
    private static final int PASSES_MAX = 20;

    KubernetesClient client;
    private StandInCluster replicas;
    private MockWorkloads workloads;
    private ClusterPassFixture operator;

    @BeforeEach
    void start() {
        replicas = new StandInCluster();
        workloads = new MockWorkloads(
                client,
                "shop",
                (node, address) -> new StandInReplica(replicas, node, address, ClusterNames.CLIENT_PORT));
        operator = new ClusterPassFixture(client);
    }

    @AfterEach
    void stop() {
        operator.close();
        workloads.close();
    }

    private void create(String spec) {
        var cluster = new LogCluster();
        cluster.getMetadata().setName("orders");
        cluster.getMetadata().setNamespace("shop");
        cluster.getMetadata().setGeneration(1L);
        cluster.setSpec(Sight.spec(spec));
        client.resource(cluster).create();
    }

    private void edit(String spec) {
        client.resource(cluster()).edit(found -> {
            var next = new LogCluster();
            next.setMetadata(found.getMetadata());
            next.getMetadata().setGeneration(found.getMetadata().getGeneration() + 1);
            next.setStatus(found.getStatus());
            next.setSpec(Sight.spec(spec));
            return next;
        });
    }

    private LogCluster cluster() {
        var found = client.resources(LogCluster.class)
                .inNamespace("shop")
                .withName("orders")
                .get();
        assertNotNull(found);
        return found;
    }

    private LogClusterStatus status() {
        var status = cluster().getStatus();
        assertNotNull(status);
        return status;
    }

    private Map<String, Condition> conditions() {
        return status().conditions().stream().collect(toMap(Condition::type, condition -> condition));
    }

    /// Passes until nothing is left to do.
    private void settle() {
        for (var pass = 0; pass < PASSES_MAX; pass++) {
            workloads.sync("orders");
            var before = status0();
            operator.pass(cluster());
            workloads.sync("orders");
            var conditions = status().conditions();
            var done = conditions.stream()
                    .anyMatch(condition ->
                            condition.type().equals("Reconciled") && condition.status() == Condition.Status.True);
            if (done && status().equals(before)) {
                return;
            }
        }
        throw new AssertionError("not settled after " + PASSES_MAX + " passes: " + status());
    }

    private LogClusterStatus status0() {
        var status = cluster().getStatus();
        return status == null ? LogClusterStatus.NONE : status;
    }

    @Test
    void setsEveryConditionOnTheFirstVisit() {
        create("");
        operator.pass(cluster());
        assertEquals(
                List.of(
                        "Ready",
                        "Available",
                        "DurabilityMet",
                        "FailoverReady",
                        "Reconciled",
                        "StorageSufficient",
                        "CertificatesValid"),
                status().conditions().stream().map(Condition::type).toList());
    }

    @Test
    void createsEverythingAndBootstrapsOnce() {
        create("");
        settle();
        assertNotNull(client.apps()
                .statefulSets()
                .inNamespace("shop")
                .withName("orders")
                .get());
        for (var service : List.of("orders", "orders-leader", "orders-headless")) {
            assertNotNull(
                    client.services().inNamespace("shop").withName(service).get(), service);
        }
        assertNotNull(client.configMaps()
                .inNamespace("shop")
                .withName("orders-config")
                .get());
        assertNotNull(client.policy()
                .v1()
                .podDisruptionBudget()
                .inNamespace("shop")
                .withName("orders")
                .get());
        assertNotNull(client.network()
                .v1()
                .networkPolicies()
                .inNamespace("shop")
                .withName("orders")
                .get());
        assertNotNull(
                client.serviceAccounts().inNamespace("shop").withName("orders").get());
        assertEquals(
                List.of("bootstrap 0", "bootstrap 1", "bootstrap 2"),
                replicas.calls().stream()
                        .filter(call -> call.startsWith("bootstrap"))
                        .toList());
        assertEquals(cluster().getMetadata().getUid(), status().clusterId());
        assertEquals("orders-0", status().leader().pod());
        for (var type : List.of("Ready", "Available", "DurabilityMet", "FailoverReady", "Reconciled")) {
            assertEquals(Condition.Status.True, conditions().get(type).status(), type);
        }
        assertEquals(
                "leader",
                client.pods()
                        .inNamespace("shop")
                        .withName("orders-0")
                        .get()
                        .getMetadata()
                        .getLabels()
                        .get(ClusterNames.ROLE_LABEL));
    }

    @Test
    void bringsSettingsToRunningReplicasAndRestartsNoPod() {
        create("");
        settle();
        var before = pods();
        edit("commitMode: Async\nwriterDelay: 50ms\nretention: {age: 24h}");
        settle();
        for (var node = 0; node < 3; node++) {
            assertEquals(50_000, replicas.settings(node).getWriterDelayMicros());
            assertEquals(86_400_000, replicas.settings(node).getRetentionMillis());
        }
        assertEquals(before, pods());
        var file = client.configMaps()
                .inNamespace("shop")
                .withName("orders-config")
                .get()
                .getData()
                .get("application.properties");
        assertTrue(file.contains("taffrail.commit-mode=Async\n"), file);
        assertTrue(file.contains("taffrail.writer-delay=50ms\n"), file);
        assertEquals("2", status().settings().appliedGeneration());
        assertEquals("150ms", status().durability().worstCaseLoss().getLast().bound());
    }

    private Map<String, String> pods() {
        return client.pods().inNamespace("shop").list().getItems().stream()
                .collect(toMap(
                        pod -> pod.getMetadata().getName(),
                        pod -> pod.getMetadata().getUid()));
    }

    @Test
    void restartsFollowersFirstAndTheLeaderAfterItHandedOver() {
        create("");
        settle();
        edit("version: \"0.2.0\"");
        var order = new java.util.ArrayList<String>();
        var known = pods();
        for (var pass = 0; pass < PASSES_MAX; pass++) {
            operator.pass(cluster());
            for (var name : known.keySet()) {
                if (client.pods().inNamespace("shop").withName(name).get() == null) {
                    order.add(name + " while node " + replicas.leader() + " led");
                }
            }
            workloads.sync("orders");
        }
        assertEquals(
                List.of("orders-2 while node 0 led", "orders-1 while node 0 led", "orders-0 while node 1 led"), order);
        assertEquals(
                "taffrail/server:0.2.0",
                client.pods()
                        .inNamespace("shop")
                        .withName("orders-0")
                        .get()
                        .getSpec()
                        .getContainers()
                        .getFirst()
                        .getImage());
        assertEquals(Condition.Status.True, conditions().get("Reconciled").status());
    }

    /// The pods are made as before; what they read at their start is not.
    @ParameterizedTest
    @ValueSource(strings = {"io: {method: Worker}", "io: {direct: false}", "unsafe: {allowUnfitStorage: true}"})
    void restartsPodsForWhatTheyReadAtTheirStartAlone(String spec) {
        create("");
        settle();
        var before = client.pods().inNamespace("shop").list().getItems();
        edit(spec);
        settle();
        assertTrue(replicas.calls().contains("transfer 0 1"), "the leader was restarted, too");
        assertEquals(3, before.size());
        var outdated = before.getFirst().getMetadata().getAnnotations().get(ClusterNames.TEMPLATE_ANNOTATION);
        assertFalse(client.pods().inNamespace("shop").list().getItems().stream()
                .anyMatch(pod ->
                        outdated.equals(pod.getMetadata().getAnnotations().get(ClusterNames.TEMPLATE_ANNOTATION))));
    }

    @Test
    void growsByLearnersAndShrinksByVoters() {
        create("");
        settle();
        edit("replicas: 5");
        settle();
        assertEquals(List.of(0, 1, 2, 3, 4), replicas.voters());
        edit("replicas: 3");
        settle();
        assertEquals(List.of(0, 1, 2), replicas.voters());
        assertEquals(
                List.of("orders-0", "orders-1", "orders-2"),
                pods().keySet().stream().sorted().toList());
        assertNotNull(client.persistentVolumeClaims()
                .inNamespace("shop")
                .withName("data-orders-4")
                .get());
    }

    @Test
    void hibernatesAndWakesWithItsData() {
        create("");
        settle();
        edit("lifecycle: Hibernated");
        settle();
        assertEquals(Map.of(), pods());
        assertEquals("Hibernated", conditions().get("Ready").reason());
        assertEquals(-1.0, operator.condition("LogCluster", "orders", "Available"));
        edit("");
        settle();
        assertEquals(Condition.Status.True, conditions().get("Ready").status());
        assertEquals(
                3,
                replicas.calls().stream()
                        .filter(call -> call.startsWith("bootstrap"))
                        .count());
    }

    /// Nobody is asked for anything that would end what is read.
    @Test
    void wakesWhileEveryReplicaReadsItsLog() {
        create("");
        settle();
        edit("lifecycle: Hibernated");
        settle();
        replicas.holdReads();
        edit("");
        pass();
        pass();
        assertEquals("NoLeader", conditions().get("Reconciled").reason());
        assertEquals(
                List.of("Recovering", "Recovering", "Recovering"),
                status().replicas().stream()
                        .map(LogClusterStatus.Replica::state)
                        .toList());
        replicas.endReads();
        settle();
        assertEquals(Condition.Status.True, conditions().get("Ready").status());
    }

    @Test
    void growsOnceThePodsHaveReadTheirVolumes() {
        create("");
        settle();
        replicas.holdReads();
        edit("replicas: 5");
        pass();
        pass();
        assertEquals("WaitingForReplicas", conditions().get("Reconciled").reason());
        replicas.endReads();
        settle();
        assertEquals(List.of(0, 1, 2, 3, 4), replicas.voters());
    }

    private void pass() {
        operator.pass(cluster());
        workloads.sync("orders");
    }

    @Test
    void reportsAndChangesNothingWhilePaused() {
        create("management: Paused");
        assertEquals(ClusterPassFixture.IDLE, operator.pass(cluster()));
        assertEquals("Paused", conditions().get("Reconciled").reason());
        assertEquals(List.of(), client.services().inNamespace("shop").list().getItems());
    }

    @Test
    void saysThatDurabilityIsNotMetWhileWhatRunsPromisesLess() {
        create("commitMode: Async");
        settle();
        edit("management: Paused\ncommitMode: Sync");
        operator.pass(cluster());
        assertEquals("SettingsNotApplied", conditions().get("DurabilityMet").reason());
        edit("commitMode: Sync");
        settle();
        assertEquals(Condition.Status.True, conditions().get("DurabilityMet").status());

        // Not asked for any more, and not restarted yet.
        replicas.fsyncDisabled(1, true);
        operator.pass(cluster());
        assertEquals("FsyncDisabled", conditions().get("DurabilityMet").reason());
        assertEquals(Condition.Status.False, conditions().get("DurabilityMet").status());
        replicas.fsyncDisabled(1, false);
        operator.pass(cluster());
        assertEquals(Condition.Status.True, conditions().get("DurabilityMet").status());
    }

    @Test
    void repairsAServiceThatWasChangedByHand() {
        create("");
        settle();
        client.services().inNamespace("shop").withName("orders-leader").edit(service -> {
            service.getSpec().setSelector(Map.of("app", "elsewhere"));
            return service;
        });
        settle();
        assertEquals(
                Map.of(ClusterNames.CLUSTER_LABEL, "orders", ClusterNames.ROLE_LABEL, "leader"),
                client.services()
                        .inNamespace("shop")
                        .withName("orders-leader")
                        .get()
                        .getSpec()
                        .getSelector());
    }

    /// Another application has a name that the cluster would use: what it has stays as it is, and outlives the cluster.
    @Test
    void whatSomebodyElseMadeIsNotTakenOver() {
        var theirs = List.<HasMetadata>of(
                new ServiceBuilder()
                        .withNewMetadata()
                        .withName("orders")
                        .withNamespace("shop")
                        .addToLabels("app", "orders")
                        .endMetadata()
                        .withNewSpec()
                        .addToSelector("app", "orders")
                        .endSpec()
                        .build(),
                new StatefulSetBuilder()
                        .withNewMetadata()
                        .withName("orders")
                        .withNamespace("shop")
                        .endMetadata()
                        .withNewSpec()
                        .withReplicas(2)
                        .endSpec()
                        .build());
        theirs.forEach(it -> client.resource(it).create());
        var before = theirs.stream().map(it -> client.resource(it).get()).toList();
        create("");
        operator.pass(cluster());
        assertEquals(ClusterPassFixture.IDLE, operator.pass(cluster()));
        assertEquals("NameTaken", conditions().get("Reconciled").reason());
        assertTrue(conditions().get("Reconciled").message().contains("Service/orders, StatefulSet/orders"));
        assertEquals(
                before, theirs.stream().map(it -> client.resource(it).get()).toList());
        assertEquals(List.of(), client.configMaps().inNamespace("shop").list().getItems());
        // It goes on by itself when they are gone.
        theirs.forEach(it -> client.resource(it).delete());
        settle();
        assertEquals(Condition.Status.True, conditions().get("Ready").status());
    }

    /// The label alone makes nobody a replica: a client may wear it for a network policy.
    @Test
    void whoWearsTheClustersLabelIsNoMemberByThat() {
        create("storage: {size: 1Gi, reclaimPolicy: Delete}");
        settle();
        client.resource(new PodBuilder()
                        .withNewMetadata()
                        .withName("client-0")
                        .withNamespace("shop")
                        .addToLabels(ClusterNames.CLUSTER_LABEL, "orders")
                        .endMetadata()
                        .build())
                .create();
        client.resource(new PersistentVolumeClaimBuilder()
                        .withNewMetadata()
                        .withName("client-1")
                        .withNamespace("shop")
                        .addToLabels(ClusterNames.CLUSTER_LABEL, "orders")
                        .endMetadata()
                        .withNewSpec()
                        .withNewResources()
                        .addToRequests("storage", new Quantity("1Mi"))
                        .endResources()
                        .endSpec()
                        .build())
                .create();
        settle();
        var pod = client.pods().inNamespace("shop").withName("client-0").get();
        assertNotNull(pod, "deleted as a pod whose template has changed");
        assertFalse(pod.getMetadata().getLabels().containsKey(ClusterNames.ROLE_LABEL));
        var claim = client.persistentVolumeClaims()
                .inNamespace("shop")
                .withName("client-1")
                .get();
        assertEquals(List.of(), claim.getMetadata().getOwnerReferences());
        assertEquals(
                new Quantity("1Mi"),
                claim.getSpec().getResources().getRequests().get("storage"));
    }

    @Test
    void aSpecThatCannotBeReadIsAConditionToo() {
        create("");
        edit("writerDelay: soon");
        operator.pass(cluster());
        assertEquals("SpecUnreadable", conditions().get("Reconciled").reason());
        assertEquals(
                "spec.writerDelay is \"soon\": allowed is a number of at most nine digits and us, ms, s, m or h,"
                        + " such as 10ms or 168h",
                conditions().get("Reconciled").message());
        assertEquals(0.0, operator.condition("LogCluster", "orders", "Reconciled"));
        assertFalse(replicas.calls().stream().anyMatch(call -> call.startsWith("settings")));
    }

    @Test
    void neverBeginsAnewWhenEveryVolumeWasReplaced() {
        create("");
        settle();
        for (var node = 0; node < 3; node++) {
            replicas.replaceDisk(node);
        }
        operator.pass(cluster());
        assertEquals("DataMissing", conditions().get("Reconciled").reason());
        assertEquals(
                3,
                replicas.calls().stream()
                        .filter(call -> call.startsWith("bootstrap"))
                        .count());
    }

    @Test
    void replacesAVoterWhoseVolumeWasReplaced() {
        create("");
        settle();
        replicas.replaceDisk(2);
        settle();
        assertEquals(List.of(0, 1, 2), replicas.voters());
        assertTrue(replicas.calls()
                .containsAll(List.of(
                        "voters REMOVE_VOTER_NODE_ID", "voters ADD_LEARNER", "voters PROMOTE_LEARNER_NODE_ID")));
    }

    @Test
    void adoptsRetainedVolumesOfADeletedCluster() {
        create("");
        settle();
        var first = status().clusterId();
        client.resource(cluster()).delete();
        create("commitMode: Async");
        settle();
        assertEquals(first, status().clusterId());
        assertEquals(
                3,
                replicas.calls().stream()
                        .filter(call -> call.startsWith("bootstrap"))
                        .count());
    }
}
