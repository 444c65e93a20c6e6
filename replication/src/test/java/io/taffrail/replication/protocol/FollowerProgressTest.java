package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FollowerProgressTest {
    private static final long SYNC_TIMEOUT = 500;
    private static final long LAG = 1000;

    private final FollowerProgress progress = new FollowerProgress(CoreNode.member(1), 0);

    @BeforeEach
    void join() {
        progress.join(0, 7, 3, Integrity.INTACT, new LogPosition(100, 1, 5));
        progress.acknowledge(0, acknowledges(100, 100));
        assertTrue(inSyncAt(0, 100));
    }

    private static Message.Acknowledge acknowledges(long appended, long flushed) {
        return new Message.Acknowledge(1, 7, Integrity.INTACT, appended, flushed, flushed, 0);
    }

    private boolean inSyncAt(long now, long logEndLsn) {
        progress.updateInSync(now, logEndLsn, LAG, SYNC_TIMEOUT);
        return progress.inSync();
    }

    @Test
    void heartbeatsAloneDoNotKeepItInSync() {
        for (var now = 100; now <= SYNC_TIMEOUT; now += 100) {
            progress.acknowledge(now, acknowledges(100, 100));
            assertTrue(inSyncAt(now, 200), "at " + now);
        }
        progress.acknowledge(SYNC_TIMEOUT + 1, acknowledges(100, 100));
        assertFalse(inSyncAt(SYNC_TIMEOUT + 1, 200), "it answers, and nothing of the log reaches it");
        progress.shipped(7, new LogPosition(200, 1, 6));
        progress.acknowledge(SYNC_TIMEOUT + 2, acknowledges(200, 100));
        assertTrue(inSyncAt(SYNC_TIMEOUT + 2, 200));
    }

    @Test
    void oneThatMovesOnStaysInSyncThoughItIsNeverAtTheEnd() {
        for (var now = 100; now <= 10 * SYNC_TIMEOUT; now += 100) {
            progress.shipped(7, new LogPosition(100 + now, 1, 6));
            progress.acknowledge(now, acknowledges(100 + now, 100));
            assertTrue(inSyncAt(now, 150 + now), "at " + now);
        }
    }

    @Test
    void oneThatLacksNothingStaysInSyncThoughNothingMoves() {
        for (var now = 100; now <= 10 * SYNC_TIMEOUT; now += 100) {
            progress.acknowledge(now, acknowledges(100, 100));
            assertTrue(inSyncAt(now, 100), "at " + now);
        }
    }

    @Test
    void whatWasNotSentIsNoCopy() {
        progress.shipped(7, new LogPosition(150, 1, 6));
        assertFalse(progress.isBeyondSent(acknowledges(150, 150)));
        assertTrue(progress.isBeyondSent(acknowledges(151, 150)));
        assertTrue(progress.isBeyondSent(acknowledges(150, 151)));
        progress.leave();
        assertEquals(CommitTracker.Copy.NONE, progress.copy());
        assertFalse(progress.accepts(CoreNode.member(1).storageId(), 3, acknowledges(150, 150)));
    }
}
