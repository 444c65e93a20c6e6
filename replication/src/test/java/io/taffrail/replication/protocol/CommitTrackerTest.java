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

    private static Watermarks watermarks(CommitTracker.Copy own, CommitTracker.Copy... others) {
        return CommitTracker.watermarks(own, others, true);
    }

    @Test
    void oneVoterIsItsOwnMajority() {
        assertEquals(new Watermarks(100, 80, 100, 80, 100, 80), watermarks(copy(100, 80)));
    }

    @Test
    void ofThreeTheSecondCounts() {
        assertEquals(new Watermarks(100, 50, 90, 60, 70, 50), watermarks(copy(100, 50), copy(90, 80), copy(70, 60)));
    }

    @Test
    void theLeadersOwnFlushIsNoConditionForAMajority() {
        assertEquals(
                100, watermarks(copy(100, 0), copy(100, 100), copy(100, 100)).quorumFlushed());
    }

    @Test
    void ofFourThreeAreNeeded() {
        assertEquals(
                20,
                watermarks(copy(40, 40), copy(30, 30), copy(20, 20), copy(10, 10))
                        .quorumFlushed());
    }

    @Test
    void whoeverIsNotInSyncHoldsNobodyUp() {
        var watermarks = watermarks(copy(100, 90), copy(95, 85), out(10, 5));
        assertEquals(95, watermarks.allReceived());
        assertEquals(85, watermarks.allFlushed());
    }

    @Test
    void allIsNeverMoreThanAMajority() {
        var watermarks = watermarks(copy(100, 100), out(10, 10), out(20, 20));
        assertEquals(20, watermarks.quorumFlushed());
        assertEquals(20, watermarks.allFlushed());
    }

    @Test
    void withoutAnIntactVoterToSpareMemoryDoesNotCount() {
        var watermarks = CommitTracker.watermarks(
                copy(100, 90), new CommitTracker.Copy[] {copy(100, 80), CommitTracker.Copy.NONE}, false);
        assertEquals(80, watermarks.quorumReceived());
        assertEquals(100, watermarks.leaderReceived(), "one copy was never meant to survive");
    }
}
