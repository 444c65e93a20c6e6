package io.taffrail.operator.k8s;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.grpc.StatusRuntimeException;
import io.taffrail.operator.GoldenFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two of three volumes are lost; a person goes on from the third by `spec.forceRecovery` alone.
final class RealRecoveryTest {
    private static final String NAMESPACE = "recovery";

    @TempDir
    static Path folder;

    private static RealCluster cluster;
    private static KubernetesClient rights;
    private static RunningOperator operator;

    @BeforeAll
    static void start() throws IOException {
        ServerPod.jar();
        cluster = new RealCluster(ControlPlane.require(), NAMESPACE, folder, RealCluster.PATIENT);
        rights = chartsRights();
        operator = new RunningOperator(rights, NAMESPACE);
        cluster.apply("");
        cluster.awaitReady();
        cluster.createStream();
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            operator.close();
            rights.close();
            cluster.close();
        }
    }

    /// A client that may do in this namespace what the chart lets the operator do, and nothing else.
    private static KubernetesClient chartsRights() throws IOException {
        try (var manifests = Files.newInputStream(GoldenFile.root().resolve("k8s/operator.yaml"))) {
            var rules = cluster.admin().load(manifests).items().stream()
                    .filter(ClusterRole.class::isInstance)
                    .findFirst()
                    .map(role -> ((ClusterRole) role).getRules())
                    .orElseThrow();
            var role = new RoleBuilder()
                    .withNewMetadata()
                    .withName("operator")
                    .withNamespace(NAMESPACE)
                    .endMetadata()
                    .withRules(rules)
                    .build();
            var binding = new RoleBindingBuilder()
                    .withNewMetadata()
                    .withName("operator")
                    .withNamespace(NAMESPACE)
                    .endMetadata()
                    .withNewRoleRef("rbac.authorization.k8s.io", "Role", "operator")
                    .addNewSubject("", "ServiceAccount", "operator", NAMESPACE)
                    .build();
            cluster.admin().resource(role).create();
            cluster.admin().resource(binding).create();
        }
        return ControlPlane.require().clientAs(NAMESPACE, "operator");
    }

    private static void awaitReconciled(String reason) {
        await(reason).atMost(RealCluster.PATIENCE).untilAsserted(() -> {
            assertEquals(
                    cluster.cluster().getMetadata().getGeneration(),
                    cluster.status().observedGeneration());
            var condition = cluster.conditions().get("Reconciled");
            assertNotNull(condition);
            assertEquals(reason, condition.reason(), condition.message());
        });
    }

    private static List<Event> events(String reason) {
        return cluster.admin().v1().events().inNamespace(NAMESPACE).list().getItems().stream()
                .filter(event -> reason.equals(event.getReason()))
                .toList();
    }

    private static List<ByteString> formerHistories(int node) {
        return cluster.replica(node).getFormerHistoryIdsList();
    }

    private static void loseVolume(int node) {
        cluster.admin()
                .persistentVolumeClaims()
                .inNamespace(NAMESPACE)
                .withName("data-orders-" + node)
                .delete();
        cluster.admin().resource(cluster.pod(node)).delete();
    }

    @Test
    void onePersonsDecisionIsShownRefusedAndCarriedOutOnce() {
        cluster.append("one", "two", "three");
        var records = cluster.read();
        var survivor = (cluster.awaitLeader() + 1) % 3;
        await("the survivor has everything")
                .atMost(RealCluster.PATIENCE)
                .until(() -> cluster.replica(survivor).getFlushedLsn()
                        == cluster.replica(cluster.awaitLeader()).getFlushedLsn());
        var before = cluster.replica(survivor);
        cluster.apply("forceRecovery: {from: " + survivor + "}");
        awaitReconciled("MajorityLives");

        cluster.apply("");
        var lost = List.of((survivor + 1) % 3, (survivor + 2) % 3);
        lost.forEach(RealRecoveryTest::loseVolume);
        await("both came back empty")
                .atMost(RealCluster.PATIENCE)
                .ignoreException(StatusRuntimeException.class)
                .until(() -> lost.stream()
                        .allMatch(node -> cluster.replica(node).getClusterId().isEmpty()));
        awaitReconciled("NoLeader");

        cluster.apply("forceRecovery: {from: " + survivor + "}");
        awaitReconciled("RecoveryPlanned");
        var plan = cluster.status().recoveryPlan();
        assertNotNull(plan);
        assertTrue(plan.plan().stream().anyMatch(line -> line.startsWith("LOSS")), plan.toString());
        assertEquals(before.getHistoryId(), cluster.replica(survivor).getHistoryId());

        var id = cluster.status().clusterId();
        cluster.apply("forceRecovery: {from: " + survivor + ", acceptDataLoss: " + id + ", expectLastLsn: \"1\"}");
        awaitReconciled("RecoveryMismatch");
        assertEquals(before.getHistoryId(), cluster.replica(survivor).getHistoryId());
        assertEquals(List.of(), events("ForcedRecovery"));

        var accepted = "forceRecovery: {from: " + survivor + ", acceptDataLoss: " + id + ", expectLastLsn: \""
                + plan.lastLsn() + "\"}";
        cluster.apply(accepted);
        // The emptied ones join again by themselves: three replicas that vote, and every record.
        cluster.awaitReady();
        assertEquals(records, cluster.read());
        cluster.append("four");
        assertNotEquals(before.getHistoryId(), cluster.replica(survivor).getHistoryId());
        assertEquals(List.of(before.getHistoryId()), formerHistories(survivor));

        var status = cluster.status();
        assertNull(status.recoveryPlan());
        assertEquals(1, status.recoveries().size());
        var recovery = status.recoveries().getFirst();
        assertEquals(plan.lastLsn(), recovery.expectLastLsn());
        assertEquals(plan.plan(), recovery.plan());
        assertNotNull(recovery.completedAt());
        assertEquals(1, events("ForcedRecovery").size());
        assertEquals(1, events("ForcedRecoveryDone").size());

        // It stays in the spec, and the same loss happens again: nobody accepted that one.
        lost.forEach(RealRecoveryTest::loseVolume);
        awaitReconciled("NoLeader");
        cluster.apply(accepted + "\nretention: {age: 48h}");
        awaitReconciled("NoLeader");
        assertEquals(List.of(before.getHistoryId()), formerHistories(survivor));
        assertEquals(recovery, cluster.status().recoveries().getFirst());
    }
}
