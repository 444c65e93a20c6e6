package io.taffrail.operator.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.taffrail.operator.resource.ClusterNames;
import org.junit.jupiter.api.Test;

final class PodReadingTest {
    private static Pod endedWith(String message) {
        return new PodBuilder()
                .withNewStatus()
                .addNewContainerStatus()
                .withName(ClusterNames.CONTAINER)
                .withNewState()
                .withNewWaiting()
                .withReason("CrashLoopBackOff")
                .endWaiting()
                .endState()
                .withNewLastState()
                .withNewTerminated()
                .withExitCode(74)
                .withMessage(message)
                .endTerminated()
                .endLastState()
                .endContainerStatus()
                .endStatus()
                .build();
    }

    @Test
    void tellsTheLastLineOfAContainerThatEnded() {
        assertEquals(
                "it ended with 74: the directory belongs to node 1, this is node 2; give each replica its own volume back",
                PodReading.lastWords(
                        endedWith(
                                "starting\nthe directory belongs to node 1, this is node 2; give each replica its own volume back\n")));
        assertEquals("it ended with 74: " + "x".repeat(300), PodReading.lastWords(endedWith("x".repeat(1_000))));
        assertNull(PodReading.lastWords(new PodBuilder().build()));
    }

    /// @param server its state
    private static Pod withABrokenSidecar(ContainerState server) {
        return new PodBuilder()
                .withNewMetadata()
                .withName("orders-2")
                .endMetadata()
                .withNewStatus()
                .addNewContainerStatus()
                .withName("mesh-proxy")
                .withNewState()
                .withNewWaiting()
                .withReason("CrashLoopBackOff")
                .endWaiting()
                .endState()
                .withNewLastState()
                .withNewTerminated()
                .withExitCode(1)
                .withMessage("no such host")
                .endTerminated()
                .endLastState()
                .endContainerStatus()
                .addNewContainerStatus()
                .withName(ClusterNames.CONTAINER)
                .withState(server)
                .endContainerStatus()
                .endStatus()
                .build();
    }

    /// What another has put beside the server: a rolling change would take away a replica that runs.
    @Test
    void anotherContainerDoesNotSayWhetherTheReplicaRuns() {
        var runs = withABrokenSidecar(
                new ContainerStateBuilder().withNewRunning().endRunning().build());
        assertNull(PodReading.of(runs).waitingFor());
        assertNull(PodReading.lastWords(runs));
        var waits = withABrokenSidecar(new ContainerStateBuilder()
                .withNewWaiting()
                .withReason("ImagePullBackOff")
                .endWaiting()
                .build());
        assertEquals("ImagePullBackOff", PodReading.of(waits).waitingFor());
    }

    @Test
    void aPodThatNoNodeTakesSaysSo() {
        var pod = new PodBuilder()
                .withNewMetadata()
                .withName("orders-2")
                .endMetadata()
                .withNewStatus()
                .addNewCondition()
                .withType("PodScheduled")
                .withStatus("False")
                .withReason("Unschedulable")
                .endCondition()
                .endStatus()
                .build();
        assertEquals("Unschedulable", PodReading.of(pod).waitingFor());
    }
}
