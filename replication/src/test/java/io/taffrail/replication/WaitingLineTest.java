package io.taffrail.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.replication.protocol.Watermarks;
import io.taffrail.streams.CommitMode;
import io.taffrail.streams.Durability;
import io.taffrail.streams.ReplicationMode;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class WaitingLineTest {
    private static final Durability SYNC_ASYNC = new Durability(CommitMode.SYNC, ReplicationMode.ASYNC);
    private static final Durability SYNC_QUORUM = new Durability(CommitMode.SYNC, ReplicationMode.QUORUM);
    private static final Watermarks LEADER_ONLY = new Watermarks(100, 100, 0, 0, 0, 0);

    private final WaitingLine line = new WaitingLine();

    private static final class Waiting implements WaitingLine.Waiter {
        boolean enoughCopies;

        @Nullable
        Durability reached;

        @Nullable
        String lost;

        @Override
        public long endLsn() {
            return 100;
        }

        @Override
        public boolean reached(Durability level) {
            if (enoughCopies) {
                reached = level;
            }
            return enoughCopies;
        }

        @Override
        public void lost(String reason) {
            lost = reason;
        }
    }

    @Test
    void whatHasWaitedForCopiesIsToldALevelThatHolds() {
        var waiting = new Waiting();
        line.add(SYNC_ASYNC, waiting, 0);
        line.advance(LEADER_ONLY, 1);
        assertNull(waiting.reached, "it wants one copy more");
        // One follower of two: neither of the levels that name all followers.
        waiting.enoughCopies = true;
        line.advance(LEADER_ONLY, 2);
        assertEquals(SYNC_ASYNC, waiting.reached);
        assertTrue(line.isEmpty());
    }

    @Test
    void andTheStrongestOfThose() {
        var waiting = new Waiting();
        line.add(SYNC_ASYNC, waiting, 0);
        line.advance(LEADER_ONLY, 1);
        waiting.enoughCopies = true;
        line.advance(new Watermarks(100, 100, 100, 100, 0, 0), 2);
        assertEquals(SYNC_QUORUM, waiting.reached);
    }

    /// The one that came first reaches its level last.
    @Test
    void whatWaitsForCopiesWaitsNoLongerThanTheRest() {
        var first = new Waiting();
        var second = new Waiting();
        line.add(SYNC_QUORUM, first, 0);
        line.add(SYNC_ASYNC, second, 50);
        line.advance(LEADER_ONLY, 51);
        line.advance(new Watermarks(100, 100, 100, 100, 0, 0), 52);
        line.expire(50, "too long");
        assertEquals("too long", first.lost);
        assertNull(second.lost);
        assertEquals(1, line.size());
    }
}
