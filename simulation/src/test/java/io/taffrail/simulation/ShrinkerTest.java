package io.taffrail.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.simulation.fault.PlantedBug;
import org.junit.jupiter.api.Test;

class ShrinkerTest {
    /// Whose mistake shows at once needs neither faults nor more than one client.
    @Test
    void leavesOutWhatAFailureDoesNotNeed() {
        var bug = PlantedBug.FOLLOWER_ACKNOWLEDGES_BEFORE_THE_FLUSH;
        var seed = 1L;
        while (Simulation.run(SimulationOptions.of(seed), bug).violation() == null) {
            seed++;
        }
        var failed = Simulation.run(SimulationOptions.of(seed), bug);
        var smallest = Shrinker.shrink(failed, options -> Simulation.run(options, bug), 60);
        assertTrue(smallest.faults().isEmpty(), smallest.toString());
        assertEquals(1, smallest.load().producers());
        assertEquals(Shrinker.promise(failed), Shrinker.promise(Simulation.run(smallest, bug)));
        assertNotNull(smallest.properties());
    }
}
