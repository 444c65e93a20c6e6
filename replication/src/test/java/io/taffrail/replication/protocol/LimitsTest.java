package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/// Limits that change while the replica runs.
class LimitsTest {
    private final Transcript transcript = new Transcript(3);

    private long unacknowledged(int frames) {
        for (var i = 0; i < frames; i++) {
            transcript.command("append", "0", "1");
        }
        return transcript.node(0).outbox.stream()
                .filter(send -> send.to() == 1 && send.message() instanceof Message.Replicate)
                .count();
    }

    @Test
    void aSmallerWindowIsThatOfTheNextFrame() {
        transcript.command("tick", "0", "2000");
        transcript.command("deliver");
        assertEquals(3, unacknowledged(3));
        transcript.command("deliver");
        transcript.node(0).step(2000, new Event.Limits(1, 500, 1000));
        assertEquals(1, unacknowledged(3));
    }
}
