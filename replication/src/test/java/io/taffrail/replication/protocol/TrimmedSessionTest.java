package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// 1. A follower joins while the leader's log holds what it lacks. 2. The leader trims that. 3. The follower
/// acknowledges, in a session in which nothing can be shipped to it any more.
class TrimmedSessionTest {
    @Test
    void endsAndTheFollowerIsOfferedASeed() {
        var transcript = new Transcript(3);
        var leader = transcript.node(0);
        transcript.command("tick", "0", "2000");
        transcript.command("deliver");
        transcript.command("cut", "0", "2");
        transcript.command("append", "0", "5");
        transcript.command("deliver");
        transcript.command("heal");
        transcript.command("tick", "0", "2200");
        transcript.command("deliver", "0", "2");
        transcript.command("deliver", "2", "0");
        leader.step(2200, new Event.Tick(0, leader.end().lsn()));
        for (var now = 2300; now < 3000; now += 100) {
            transcript.command("deliver");
            transcript.command("tick", "2", String.valueOf(now));
            leader.step(now, new Event.Tick(0, leader.end().lsn()));
        }
        assertTrue(leader.offered.stream().anyMatch(offer -> offer.to() == 2));
    }

    @Test
    void whatAFollowerThatHasJustJoinedLacksIsNeeded() {
        var transcript = new Transcript(3);
        var leader = transcript.node(0);
        transcript.command("cut", "0", "2");
        transcript.command("tick", "0", "2000");
        transcript.command("deliver");
        transcript.command("append", "0", "5");
        transcript.command("deliver");
        assertTrue(leader.core.isOpen());
        assertTrue(leader.core.neededByMembersLsn(_ -> false) > 0, "node 2 was never heard");
        transcript.command("heal");
        transcript.command("tick", "0", "2200");
        transcript.command("deliver", "0", "2");
        // It has to promise first.
        transcript.node(2).durable(2200);
        transcript.command("tick", "0", "2300");
        transcript.command("deliver", "0", "2");
        transcript.command("deliver", "2", "0");
        assertEquals(
                0, leader.core.neededByMembersLsn(_ -> false), "it has joined at 0, and has acknowledged nothing yet");
    }
}
