package io.taffrail.operator.k8s;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.taffrail.operator.GoldenFile;
import io.taffrail.operator.crd.LogCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The schema's rules, judged by the API server that will judge them.
final class SchemaRulesTest {
    private static final String NAMESPACE = "rules";
    private static KubernetesClient client;
    private static int count;

    @BeforeAll
    static void start() {
        client = ControlPlane.require().client();
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(NAMESPACE)
                        .endMetadata()
                        .build())
                .create();
    }

    @AfterAll
    static void stop() {
        if (client != null) {
            client.close();
        }
    }

    private static GenericKubernetesResource cluster(String name, String spec) {
        var yaml = "apiVersion: taffrail.io/v1alpha1\nkind: LogCluster\nmetadata: {name: " + name + ", namespace: "
                + NAMESPACE + "}\nspec:\n  storage: {size: 2Gi, storageClassName: fast}\n";
        return Yaml.resource(yaml, spec);
    }

    private static String refusal(GenericKubernetesResource resource) {
        var failure = assertThrows(
                KubernetesClientException.class,
                () -> client.resource(resource).forceConflicts().serverSideApply());
        assertEquals(422, failure.getCode(), failure.getMessage());
        return failure.getMessage();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    replicas: 2 | replicas must be 1, 3 or 5
                    replicas: 4 | replicas must be 1, 3 or 5
                    replicas: 0 | spec.replicas
                    replicas: -1 | spec.replicas
                    replicas: 99 | spec.replicas
                    writerDelay: 0ms | writerDelay must be between 1ms and 10s
                    writerDelay: 1us | writerDelay must be between 1ms and 10s
                    writerDelay: 10h | writerDelay must be between 1ms and 10s
                    writerDelay: abc | spec.writerDelay
                    writerDelay: '10' | spec.writerDelay
                    commitMode: Always | spec.commitMode
                    {commitMode: Async, minimum: {commitMode: Sync}} | commitMode is below minimum.commitMode
                    {replicationMode: Quorum, minimum: {replicationMode: All}} | replicationMode is below minimum
                    groupCommit: {delay: 1s} | groupCommit.delay is at most 100ms
                    limits: {pendingBytes: 1Ki} | limits.pendingBytes must be between 1Mi and 1Gi
                    limits: {replicationLag: {age: 2h}} | replicationLag.age must be between 10ms and 1h
                    storage: {size: lots} | spec.storage.size
                    forceRecovery: {} | spec.forceRecovery.from
                    forceRecovery: {from: 5} | spec.forceRecovery.from
                    forceRecovery: {from: 0, survivors: []} | spec.forceRecovery.survivors
                    forceRecovery: {from: 0, survivors: [1]} | survivors must hold from
                    forceRecovery: {from: 0, survivors: [0, 0]} | each once
                    forceRecovery: {from: 0, survivors: [0, 7]} | each once
                    forceRecovery: {from: 0, acceptDataLoss: yes please} | spec.forceRecovery.acceptDataLoss
                    forceRecovery: {from: 0, expectLastLsn: '17'} | acceptDataLoss and expectLastLsn belong together
                    forceRecovery: {from: 0, acceptDataLoss: 7b1c0000-0000-4000-8000-000000000001} | belong together
                    storage: {} | spec.storage.size
                    """)
    void refusesWhatCannotWork(String spec, String message) {
        var text = refusal(cluster("refused", spec));
        assertTrue(text.contains(message), text);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    replicas: 1
                    replicas: 5
                    {replicas: 2, unsafe: {allowTwoReplicas: true}}
                    writerDelay: 1ms
                    writerDelay: 10s
                    {commitMode: Sync, minimum: {commitMode: Sync, replicationMode: Quorum}}
                    storage: {size: '1073741824'}
                    retention: {age: 168h, bytes: 50Gi}
                    forceRecovery: {from: 0}
                    forceRecovery: {from: 4, survivors: [2, 4]}
                    forceRecovery: {from: 0, acceptDataLoss: 7b1c0000-0000-4000-8000-000000000001, expectLastLsn: '4096'}
                    """)
    void acceptsWhatWorks(String spec) {
        client.resource(cluster("accepted-" + count++, spec)).serverSideApply();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    storage: {size: 1Gi, storageClassName: fast} | storage.size cannot shrink
                    storage: {size: 2Gi, storageClassName: slow} | storageClassName cannot be changed
                    storage: {size: 2Gi} | storageClassName cannot be changed
                    {replicas: 1} | one edit must not remove a majority
                    storage: {size: 2Gi, storageClassName: fast, accessMode: ReadWriteOnce} | accessMode cannot be changed
                    tls: {secretName: orders-tls} | tls can be turned on or off only while lifecycle is Hibernated
                    """)
    void refusesEditsThatARunningClusterCannotFollow(String edit, String message) {
        var name = "edited-" + count++;
        client.resource(cluster(name, "replicas: 3")).serverSideApply();
        var text = refusal(cluster(name, edit));
        assertTrue(text.contains(message), text);
    }

    @Test
    void tlsComesAndGoesOnlyWhileNoReplicaRuns() {
        var name = "secure";
        client.resource(cluster(name, "{}")).serverSideApply();
        for (var spec : new String[] {
            "{lifecycle: Hibernated, tls: {secretName: one}}",
            "{lifecycle: Running, tls: {secretName: one}}",
            "{lifecycle: Running, tls: {secretName: two}}"
        }) {
            client.resource(cluster(name, spec)).serverSideApply();
        }
        var text = refusal(cluster(name, "lifecycle: Running"));
        assertTrue(text.contains("tls can be turned on or off only while"), text);
        client.resource(cluster(name, "lifecycle: Hibernated")).serverSideApply();
        // In the same edit pods may still run with what they had.
        text = refusal(cluster(name, "{lifecycle: Running, tls: {secretName: one}}"));
        assertTrue(text.contains("tls can be turned on or off only while"), text);
        client.resource(cluster(name, "lifecycle: Running")).serverSideApply();
    }

    @Test
    void letsStorageGrowAndReplicasGoDownInSteps() {
        var name = "steps";
        client.resource(cluster(name, "replicas: 5")).serverSideApply();
        client.resource(cluster(name, "replicas: 3")).serverSideApply();
        client.resource(cluster(name, "storage: {size: 3000Mi, storageClassName: fast}"))
                .serverSideApply();
        client.resource(
                        cluster(
                                name,
                                "{replicas: 2, unsafe: {allowTwoReplicas: true}, storage: {size: 3Gi, storageClassName: fast}}"))
                .serverSideApply();
        client.resource(cluster(name, "{replicas: 1, storage: {size: 3Gi, storageClassName: fast}}"))
                .serverSideApply();
    }

    @ParameterizedTest
    @ValueSource(strings = {"logcluster", "logcluster-single", "logstream"})
    void theSamplesAreAccepted(String sample) throws IOException {
        var file = GoldenFile.root().resolve("k8s/samples/" + sample + ".yaml");
        client.resource(Yaml.resource(Files.readString(file)))
                .inNamespace(NAMESPACE)
                .serverSideApply();
    }

    @Test
    void fillsInEveryDefault() {
        client.resource(cluster("defaults", "{}")).serverSideApply();
        var stored = client.genericKubernetesResources("taffrail.io/v1alpha1", "LogCluster")
                .inNamespace(NAMESPACE)
                .withName("defaults")
                .get();
        Map<String, Object> spec = stored.get("spec");
        assertEquals(3, spec.get("replicas"));
        assertEquals("Sync", spec.get("commitMode"));
        assertEquals("Quorum", spec.get("replicationMode"));
        assertEquals("10ms", spec.get("writerDelay"));
        assertEquals(Map.of("commitMode", "Async", "replicationMode", "Async"), spec.get("minimum"));
        assertEquals("16Mi", stored.get("spec", "limits", "replicationLag", "bytes"));
        assertEquals("Retain", stored.get("spec", "storage", "reclaimPolicy"));
        assertEquals("Auto", stored.get("spec", "io", "method"));
        // What Java makes of an empty spec is the same, so that the two never disagree.
        var java = Yaml.read(
                "storage: {size: 2Gi, storageClassName: fast}", io.taffrail.operator.crd.LogClusterSpec.class);
        var typed = client.resources(LogCluster.class)
                .inNamespace(NAMESPACE)
                .withName("defaults")
                .get();
        assertEquals(java, typed.getSpec());
    }

    /// A mode that nobody asked for would be refused wherever the cluster's minimum is above it.
    @Test
    void aStreamsMinimumIsWhatItSays() {
        client.resource(Yaml.resource("{apiVersion: taffrail.io/v1alpha1, kind: LogStream, metadata: {name: partial,"
                        + " namespace: " + NAMESPACE
                        + "}, spec: {clusterRef: {name: orders}, streamName: partial, minimum: {commitMode: Sync}}}"))
                .create();
        var stored = client.genericKubernetesResources("taffrail.io/v1alpha1", "LogStream")
                .inNamespace(NAMESPACE)
                .withName("partial")
                .get();
        assertEquals(Map.of("commitMode", "Sync"), stored.get("spec", "minimum"));
    }

    @Test
    void aStreamKeepsItsNameAndItsCluster() {
        var stream = "{apiVersion: taffrail.io/v1alpha1, kind: LogStream, metadata: {name: s, namespace: " + NAMESPACE
                + "}, spec: {clusterRef: {name: %s}, streamName: %s}}";
        client.resource(Yaml.resource(String.format(Locale.ROOT, stream, "orders", "payments")))
                .create();
        for (var edit : new String[][] {{"others", "payments"}, {"orders", "invoices"}}) {
            var text = refusal(Yaml.resource(String.format(Locale.ROOT, stream, edit[0], edit[1])));
            assertTrue(text.contains("cannot be changed"), text);
        }
    }
}
