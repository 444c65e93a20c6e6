package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A voter promises an epoch, and its disk does not come to make that durable.
class PromiseOfAHangingDiskTest {
    private final Transcript transcript = new Transcript(3);
    private final ReplicationCore voter = transcript.node(2).core;

    @BeforeEach
    void nodeTwoPromisesNodeOneAnEpoch() {
        transcript.command("tick", "0", "2000");
        transcript.command("deliver");
        hear(1, new Message.Prepare(5));
        assertEquals(5, voter.hardState().promisedEpoch());
    }

    private List<Message> hear(int from, Message message) {
        return said(
                voter.step(3000, new Event.Received(from, CoreNode.member(from).storageId(), 1, message)));
    }

    private static List<Message> said(List<Effect> effects) {
        return effects.stream()
                .filter(Effect.Send.class::isInstance)
                .map(effect -> ((Effect.Send) effect).message())
                .toList();
    }

    private static Message.Heartbeat heartbeat() {
        return new Message.Heartbeat(1, 0, new Message.LeaderView(0, 0, 0, false), 0);
    }

    /// It would depose one leader after the other and follow none.
    @Test
    void deposesNobodyAndHindersNoCandidate() {
        assertEquals(List.of(), hear(0, heartbeat()));
        assertEquals(List.of(), hear(0, new Message.Prepare(4)));
    }

    @Test
    void isSaidToWhoeverAsksOnceItIsDurable() {
        voter.step(3000, new Event.HardStateDurable(Long.MAX_VALUE / 2));
        assertEquals(List.of(new Message.Stale(1, 5)), hear(0, heartbeat()));
        assertEquals(List.of(new Message.Stale(4, 5)), hear(0, new Message.Prepare(4)));
    }
}
