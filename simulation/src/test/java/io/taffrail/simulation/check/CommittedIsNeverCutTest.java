package io.taffrail.simulation.check;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A majority has flushed up to 100 at 10, up to 200 at 20; the third replica is asked to cut at 150.
class CommittedIsNeverCutTest {
    private static final String HALTED = "halted: I17: cut at 150 below the quorum's flushed 200, log ends at 230";

    private final FaultHistory history = new FaultHistory();
    private final CommittedIsNeverCut cuts = new CommittedIsNeverCut(history);

    @BeforeEach
    void aMajorityHasFlushed() {
        cuts.known(100, 10);
        cuts.known(200, 20);
    }

    @Test
    void nothingWasLost() {
        assertFalse(cuts.mustHalt(HALTED));
    }

    @Test
    void itWasLostAndNothingTells() {
        history.silentlyDamaged(30, 1, 150);
        assertTrue(cuts.mustHalt(HALTED));
    }

    @Test
    void itWasLostBeforeALeaderHeardThatAMajorityHasIt() {
        history.silentlyDamaged(15, 1, 120);
        assertTrue(cuts.mustHalt(HALTED));
    }

    @Test
    void whatLiesBehindTheCutExcusesNothing() {
        history.silentlyDamaged(30, 1, 151);
        assertFalse(cuts.mustHalt(HALTED));
    }

    @Test
    void whoKnowsOfItsDamageElectsNobody() {
        history.damaged(30, 0);
        history.damaged(30, 1);
        history.damaged(30, 2);
        assertFalse(cuts.mustHalt(HALTED));
    }

    @Test
    void aVolumeThatWasWholeAgainBeforeExcusesNothing() {
        history.silentlyDamaged(5, 1, 50);
        history.repaired(15, 1);
        assertFalse(cuts.mustHalt(HALTED));
    }

    @Test
    void whatNobodyKnewToBeCommittedExcusesNothing() {
        history.silentlyDamaged(30, 1, 150);
        assertFalse(cuts.mustHalt("halted: I17: cut at 200 below the quorum's flushed 210, log ends at 230"));
    }

    @Test
    void anyOtherHaltIsAMistake() {
        history.silentlyDamaged(30, 1, 0);
        assertFalse(cuts.mustHalt("halted: I6: promise 3 after 4"));
        assertFalse(cuts.mustHalt("write 0000000000000001.segment: Input/output error (errno 5)"));
    }
}
