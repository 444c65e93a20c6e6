package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class CommitTrackerTest {
    private static CommitTracker.Copy copy(long received, long flushed) {
        return new CommitTracker.Copy(received, flushed, true);
    }

    private static CommitTracker.Copy out(long received, long flushed) {
        return new CommitTracker.Copy(received, flushed, false);
    }

    private static Levels levels(CommitTracker.Copy own, CommitTracker.Copy... others) {
        return CommitTracker.levels(own, others, true);
    }

    @Test
    void oneVoterIsItsOwnMajority() {
        assertEquals(new Levels(100, 80, 100, 80, 100, 80), levels(copy(100, 80)));
    }

    @Test
    void ofThreeTheSecondCounts() {
        assertEquals(new Levels(100, 50, 90, 60, 70, 50), levels(copy(100, 50), copy(90, 80), copy(70, 60)));
    }

    @Test
    void theLeadersOwnFlushIsNoConditionForAMajority() {
        assertEquals(100, levels(copy(100, 0), copy(100, 100), copy(100, 100)).quorumFlushed());
    }

    @Test
    void ofFourThreeAreNeeded() {
        assertEquals(
                20,
                levels(copy(40, 40), copy(30, 30), copy(20, 20), copy(10, 10)).quorumFlushed());
    }

    @Test
    void whoeverIsNotInSyncHoldsNobodyUp() {
        var levels = levels(copy(100, 90), copy(95, 85), out(10, 5));
        assertEquals(95, levels.allReceived());
        assertEquals(85, levels.allFlushed());
    }

    @Test
    void allIsNeverMoreThanAMajority() {
        var levels = levels(copy(100, 100), out(10, 10), out(20, 20));
        assertEquals(20, levels.quorumFlushed());
        assertEquals(20, levels.allFlushed());
    }

    @Test
    void withoutAnIntactVoterToSpareMemoryDoesNotCount() {
        var levels = CommitTracker.levels(
                copy(100, 90), new CommitTracker.Copy[] {copy(100, 80), CommitTracker.Copy.NONE}, false);
        assertEquals(80, levels.quorumReceived());
        assertEquals(100, levels.leaderReceived(), "one copy was never meant to survive");
    }
}
