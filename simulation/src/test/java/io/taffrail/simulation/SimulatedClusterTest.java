package io.taffrail.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class SimulatedClusterTest {
    @Test
    void timePassesWhereNothingHappens() {
        var cluster = new SimulatedCluster(SimulationOptions.of(1));
        cluster.runUntil(SimulationOptions.SECOND);
        assertEquals(SimulationOptions.SECOND, cluster.scheduler().nowNanos());
    }
}
