package io.taffrail.simulation.check;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.taffrail.simulation.SimulationOptions;
import org.junit.jupiter.api.Test;

class FailedDisksAreNoticedTest {
    private static final long SECOND = SimulationOptions.SECOND;

    private final FailedDisksAreNoticed disks = new FailedDisksAreNoticed();

    private void says(String process, long atNanos) {
        disks.says(process, atNanos, "something");
    }

    @Test
    void whoeverGoesOnHasNotNoticed() {
        disks.failed("a", 0);
        says("a", SECOND / 2);
        says("a", 2 * SECOND);
        assertThrows(InvariantViolation.class, () -> says("a", 3 * SECOND));
    }

    @Test
    void whoeverStoodStillHasLastWords() {
        disks.failed("a", 0);
        says("a", 10 * SECOND);
        assertDoesNotThrow(() -> says("a", 10 * SECOND + SECOND / 10));
    }

    @Test
    void theNextProcessMaySpeak() {
        disks.failed("a", 0);
        says("b", 2 * SECOND);
        assertDoesNotThrow(() -> says("b", 3 * SECOND));
    }
}
