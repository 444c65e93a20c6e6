package io.taffrail.simulation;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.fail;

import io.taffrail.simulation.fault.PlantedBug;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Each planted bug is found. The seeds to begin with are those that found them; where code has changed since, the
/// search goes on from there.
class PlantedBugsTest {
    private static final int SEEDS = Integer.getInteger("bugSeeds", 80);

    private static long firstSeed(PlantedBug bug) {
        return switch (bug) {
            case AMNESIA_IS_IGNORED -> 38;
            case RECEIVED_IS_WHAT_WAS_APPENDED -> 4;
            default -> 1;
        };
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void isFound(PlantedBug bug) {
        for (var seed = firstSeed(bug); seed < firstSeed(bug) + SEEDS; seed++) {
            var violation = Simulation.run(SimulationOptions.of(seed), bug).violation();
            if (violation != null) {
                assertNotNull(violation.getMessage());
                return;
            }
        }
        fail(bug + " was not found by " + SEEDS + " seeds");
    }
}
