package io.taffrail.simulation.check;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.taffrail.replication.AppendOutcome;
import io.taffrail.simulation.SimulationOptions;
import io.taffrail.streams.Durability;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Node 0 has led for long. Of the others it heard node 2 alone in the last lease.
class LeasesEndTest {
    private static final long NOW = 100 * SimulationOptions.SECOND;

    private final LeasesEnd leases = new LeasesEnd(SimulationOptions.of(1));

    @BeforeEach
    void hearsNodeTwo() {
        leases.opened(0, 0);
        leases.delivered(1, 0, NOW - 10 * SimulationOptions.SECOND);
        leases.delivered(2, 0, NOW - SimulationOptions.MILLI);
    }

    private void acknowledges(List<Set<Integer>> electorates) {
        var outcome = new AppendOutcome.Acknowledged(0, 1, 0, 100, 1, Durability.SAFEST_DEFAULT, 2, 2, false);
        leases.acknowledged(new Acknowledgement(1, 0, 1, NOW, outcome, 1, 1, 7), NOW, electorates);
    }

    @Test
    void aMajorityThatIsHeardWillDo() {
        assertDoesNotThrow(() -> acknowledges(List.of(Set.of(0, 1, 2), Set.of(), Set.of())));
        assertDoesNotThrow(() -> acknowledges(List.of(Set.of(0), Set.of(), Set.of())));
    }

    @Test
    void aVoterThatIsLetInMayGiveAMajorityBack() {
        var both = Set.of(0, 1);
        assertDoesNotThrow(() -> acknowledges(List.of(both, both, Set.of(0, 1, 2))));
        assertThrows(InvariantViolation.class, () -> acknowledges(List.of(both, both, Set.of())));
    }

    @Test
    void aChangeOfTheVotersIsNoExcuse() {
        assertThrows(
                InvariantViolation.class,
                () -> acknowledges(List.of(Set.of(0, 1, 3), Set.of(0, 1), Set.of(0, 1, 3, 4))));
    }
}
