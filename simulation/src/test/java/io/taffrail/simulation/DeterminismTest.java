package io.taffrail.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A seed is a run: the same events at the same times, every time.
class DeterminismTest {
    @ParameterizedTest
    @ValueSource(longs = {2, 3, 5, 8})
    void twoRunsOfASeedAreOne(long seed) {
        var options = SimulationOptions.of(seed).withChaos(5 * SimulationOptions.SECOND);
        var first = Simulation.run(options);
        var second = Simulation.run(options);
        assertEquals(first.traceHash(), second.traceHash());
        assertEquals(first.events(), second.events());
        assertEquals(first.coverage().counts(), second.coverage().counts());
    }
}
