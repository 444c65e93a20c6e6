package io.taffrail.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.fail;

import io.taffrail.simulation.fault.PlantedBug;
import io.taffrail.simulation.mistake.MistakenClassLoader;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Each planted bug of `planted-bugs.txt` is found. The seed to begin with is the one that found it; where code has
/// changed since, the search goes on from 1, up to `-Dplanted.seeds`. A build looks at each sixth bug, or at
/// each `-Dplanted.every`.
class PlantedBugsTest {
    private static final int SEEDS = Integer.getInteger("planted.seeds", 40);
    private static final int EVERY = Integer.getInteger("planted.every", 6);

    static Stream<PlantedBug> bugs() {
        return Arrays.stream(PlantedBug.values())
                .filter(bug -> bug.firstSeed().isPresent()
                        && List.of(PlantedBug.values()).indexOf(bug) % EVERY == 0);
    }

    @ParameterizedTest
    @MethodSource("bugs")
    void isFound(PlantedBug bug) {
        var run = new PlantedRun(bug);
        var first = bug.firstSeed().orElseThrow();
        if (isFoundBy(run, first)) {
            return;
        }
        for (var seed = 1L; seed <= SEEDS; seed++) {
            if (isFoundBy(run, seed)) {
                System.out.printf("%s is found by seed %s now, no more by %s%n", bug, seed, first);
                return;
            }
        }
        fail(bug + " was found neither by seed " + first + " nor by the first " + SEEDS);
    }

    private static boolean isFoundBy(PlantedRun run, long seed) {
        if (run.violation(seed) == null) {
            return false;
        }
        assertNull(run.violationWithout(seed), "the mistake alone is what this seed finds");
        return true;
    }

    @Test
    void eachFitsTheCode() throws ReflectiveOperationException {
        for (var bug : PlantedBug.values()) {
            assertEquals(List.of(), MistakenClassLoader.unfit(bug.edits()), bug.name());
        }
    }

    /// One that nothing finds is a promise that may not be checked at all.
    @Test
    void eachHasASeedThatFindsIt() {
        for (var bug : PlantedBug.values()) {
            assertEquals(bug != PlantedBug.NONE, bug.firstSeed().isPresent(), bug.name());
        }
    }

    @Test
    void withoutABugNothingIsFound() {
        var run = new PlantedRun(PlantedBug.NONE);
        assertNull(run.violation(1));
    }
}
