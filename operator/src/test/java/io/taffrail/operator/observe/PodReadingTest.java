package io.taffrail.operator.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.plan.Sight;
import io.taffrail.operator.resource.ClusterNames;
import io.taffrail.operator.resource.ClusterResources;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PodReadingTest {
    private static final ContainerState RUNNING =
            new ContainerStateBuilder().withNewRunning().endRunning().build();

    private static ContainerState waiting(String reason) {
        return new ContainerStateBuilder()
                .withNewWaiting()
                .withReason(reason)
                .endWaiting()
                .build();
    }

    private static ContainerState ended(int exitCode, String message) {
        return new ContainerStateBuilder()
                .withNewTerminated()
                .withExitCode(exitCode)
                .withMessage(message)
                .endTerminated()
                .build();
    }

    private static ContainerStatus container(String name, ContainerState state) {
        return new ContainerStatusBuilder().withName(name).withState(state).build();
    }

    private static ContainerStatus crashing(String name, int exitCode, String message) {
        return new ContainerStatusBuilder(container(name, waiting("CrashLoopBackOff")))
                .withLastState(ended(exitCode, message))
                .build();
    }

    private static ContainerStatus server(ContainerState state) {
        return container(ClusterNames.CONTAINER, state);
    }

    private static Pod pod(ContainerStatus... containers) {
        return pod(List.of(), containers);
    }

    private static Pod pod(List<ContainerStatus> initContainers, ContainerStatus... containers) {
        return new PodBuilder()
                .withNewMetadata()
                .withName("orders-2")
                .endMetadata()
                .withNewStatus()
                .withInitContainerStatuses(initContainers)
                .withContainerStatuses(containers)
                .endStatus()
                .build();
    }

    private static String lastWords(String message) {
        return String.valueOf(PodReading.lastWords(pod(crashing(ClusterNames.CONTAINER, 74, message))));
    }

    @Test
    void tellsTheLastLineOfAContainerThatEnded() {
        assertEquals(
                "it ended with 74: the directory belongs to node 1, this is node 2; give each replica its own volume back",
                lastWords(
                        "starting\nthe directory belongs to node 1, this is node 2; give each replica its own volume back\n"));
        assertEquals("it ended with 74: " + "x".repeat(300), lastWords("x".repeat(1_000)));
        assertEquals("it ended with 74", lastWords(""));
        assertNull(PodReading.lastWords(new PodBuilder().build()));
    }

    /// What another has put beside the server: a rolling change would take away a replica that runs.
    @Test
    void anotherContainerDoesNotSayWhetherTheReplicaRuns() {
        var mesh = crashing("mesh-proxy", 1, "no such host");
        for (var runs : List.of(pod(mesh, server(RUNNING)), pod(List.of(mesh), server(RUNNING)))) {
            assertNull(PodReading.of(runs).waitingFor());
            assertNull(PodReading.lastWords(runs));
        }
        assertEquals(
                "ImagePullBackOff",
                PodReading.of(pod(mesh, server(waiting("ImagePullBackOff")))).waitingFor());
    }

    /// The server's container has not been begun: what is in its way is what there is to tell.
    @Test
    void anInitContainerThatFailsIsToldAsTheServersWouldBe() {
        var server = server(waiting("PodInitializing"));
        var done = container("copy", ended(0, ""));
        var crashes = pod(List.of(done, crashing("mesh-init", 1, "begun\nno such host\n")), server);
        assertEquals("CrashLoopBackOff", PodReading.of(crashes).waitingFor());
        assertEquals("init container mesh-init: it ended with 1: no such host", PodReading.lastWords(crashes));
        var between = pod(List.of(container("mesh-init", ended(2, ""))), server);
        assertEquals("init container mesh-init: it ended with 2", PodReading.lastWords(between));
        var unpulled = pod(List.of(done, container("mesh-init", waiting("ImagePullBackOff"))), server);
        assertEquals("ImagePullBackOff", PodReading.of(unpulled).waitingFor());
        assertTrue(PodReading.of(unpulled).cannotStart());
        assertEquals("init container mesh-init does not start", PodReading.lastWords(unpulled));
    }

    @ParameterizedTest
    @ValueSource(strings = {"PodInitializing", "ContainerCreating"})
    void anInitContainerThatHasNotFailedIsWaitedFor(String reason) {
        var server = server(waiting("PodInitializing"));
        for (var init : List.of(container("mesh-init", waiting(reason)), container("mesh-init", RUNNING))) {
            var pod = pod(List.of(init), server);
            assertEquals("PodInitializing", PodReading.of(pod).waitingFor());
            assertNull(PodReading.lastWords(pod));
        }
    }

    @Test
    void aPodThatNoNodeTakesSaysSo() {
        var pod = new PodBuilder(pod())
                .editStatus()
                .addNewCondition()
                .withType("PodScheduled")
                .withStatus("False")
                .withReason("Unschedulable")
                .endCondition()
                .endStatus()
                .build();
        assertEquals("Unschedulable", PodReading.of(pod).waitingFor());
    }

    /// It was evicted, and the API server still shows the address that it had.
    @ParameterizedTest
    @ValueSource(strings = {"Failed", "Succeeded"})
    void aPodThatHasEndedHasNoAddress(String phase) {
        var runs = new PodBuilder(pod())
                .editStatus()
                .withPodIP("10.0.0.7")
                .withPhase("Running")
                .endStatus()
                .build();
        assertEquals("10.0.0.7", PodReading.of(runs).ip());
        var ended =
                new PodBuilder(runs).editStatus().withPhase(phase).endStatus().build();
        assertNull(PodReading.of(ended).ip());
    }

    @Test
    void aPodSaysWhetherItWasStartedWithCertificates() {
        assertTrue(PodReading.of(madeFor("tls: {secretName: orders-tls}")).tls());
        assertFalse(PodReading.of(madeFor("")).tls());
    }

    private static Pod madeFor(String spec) {
        var cluster = new LogCluster();
        cluster.getMetadata().setName("orders");
        cluster.getMetadata().setNamespace("shop");
        cluster.getMetadata().setGeneration(1L);
        cluster.setSpec(Sight.spec(spec));
        var template = ClusterResources.of(cluster, "taffrail/server")
                .statefulSet()
                .getSpec()
                .getTemplate();
        return new PodBuilder(pod()).withSpec(template.getSpec()).build();
    }
}
