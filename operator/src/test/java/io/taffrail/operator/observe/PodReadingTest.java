package io.taffrail.operator.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import org.junit.jupiter.api.Test;

final class PodReadingTest {
    private static Pod endedWith(String message) {
        return new PodBuilder()
                .withNewStatus()
                .addNewContainerStatus()
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
}
