package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// A follower is told to end while its leader goes on appending.
class StoppingFollowerTest {
    private final Transcript transcript = new Transcript(3);

    /// The end of a process waits until what it has is flushed: with more of it in each frame it would never come.
    @Test
    void takesNothingMore() {
        transcript.command("tick", "0", "2000");
        transcript.command("deliver");
        var leader = transcript.node(0);
        var follower = transcript.node(1);
        var end = follower.end();
        assertEquals(leader.end(), end, "it follows");
        follower.step(2100, new Event.Stop());
        for (var now = 2110; now < 2200; now += 10) {
            leader.append(now, 1, false);
            transcript.command("deliver");
        }
        assertEquals(end, follower.end());
        assertEquals(leader.end(), transcript.node(2).end(), "the others go on");
        assertTrue(leader.end().lsn() > end.lsn());
    }
}
