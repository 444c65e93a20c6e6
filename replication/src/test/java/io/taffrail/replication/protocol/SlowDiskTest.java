package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SlowDiskTest {
    private static final long SECOND = 1_000_000_000;
    private static final long MILLISECOND = 1_000_000;

    private long now = 2000;
    private int handOvers;

    private void flushes(CoreNode node, int seconds, long nanos) {
        for (var step = 0; step < seconds * 50; step++) {
            now += SECOND / 50;
            for (var follower = 1; follower <= 2; follower++) {
                // They answer all the time, so that nothing but the disk speaks against the leader.
                node.core.step(
                        now,
                        new Event.Received(follower, CoreNode.member(follower).storageId(), 1, answer(node, follower)));
            }
            node.core.step(now, new Event.Flushes(nanos));
            for (var effect : node.core.step(now, new Event.Tick(0, 0))) {
                if (effect instanceof Effect.Send(int _, Message.TimeoutNow _)) {
                    handOvers++;
                }
            }
        }
    }

    private Message answer(CoreNode leader, int follower) {
        var end = leader.end().lsn();
        return new Message.Acknowledge(1, (1L << 20) + follower, Integrity.INTACT, end, end, end, now);
    }

    @Test
    void aLeaderWhoseDiskIsSlowHandsOverAndNotAgainForLong() {
        var transcript = new Transcript(3);
        transcript.command("tick", "0", "2000");
        transcript.command("deliver");
        var leader = transcript.node(0);
        assertTrue(leader.core.isOpen());
        flushes(leader, 20, 2 * MILLISECOND);
        assertEquals(0, handOvers);
        flushes(leader, 20, 100 * MILLISECOND);
        assertEquals(1, handOvers);
        flushes(leader, 300, 100 * MILLISECOND);
        assertTrue(leader.core.isOpen());
        assertEquals(1, handOvers, "the follower did not take over: it goes on and does not ask all the time");
        assertFalse(leader.core.isHalted());
    }

    @Test
    void oneThatWasHandedLeadershipDoesNotHandItOnForLong() {
        var transcript = new Transcript(3);
        transcript.command("tick", "0", "500");
        var leader = transcript.node(0);
        leader.step(500, new Event.Received(1, CoreNode.member(1).storageId(), 1, new Message.TimeoutNow(0)));
        transcript.command("deliver");
        assertTrue(leader.core.isOpen());
        flushes(leader, 20, 2 * MILLISECOND);
        flushes(leader, 500, 100 * MILLISECOND);
        assertEquals(0, handOvers, "all disks may be slow");
        flushes(leader, 100, 100 * MILLISECOND);
        assertEquals(1, handOvers);
    }
}
