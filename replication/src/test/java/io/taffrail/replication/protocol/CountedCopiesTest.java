package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// An append whose caller wants so many copies is told of those that a watermark would count, and of no more.
class CountedCopiesTest {
    private static final int NOW = 2000;

    private final Transcript transcript = new Transcript(3);
    private final ReplicationCore leader = transcript.node(0).core;
    private long session;
    private long flushedLsn;
    private long endLsn;

    /// All have flushed all but the last entry, which was sent to both and answered by neither.
    @BeforeEach
    void anEntryIsUnderWay() {
        transcript.command("tick", "0", String.valueOf(NOW));
        transcript.command("deliver");
        transcript.command("buffer", "0", "1");
        transcript.command("deliver");
        assertTrue(leader.isOpen());
        flushedLsn = transcript.node(0).end().lsn();
        assertEquals(3, leader.copies(flushedLsn, true));
        transcript.command("buffer", "0", "1");
        endLsn = transcript.node(0).end().lsn();
        session = transcript.node(0).outbox.stream()
                .filter(send -> send.to() == 2 && send.message() instanceof Message.Replicate)
                .map(send -> ((Message.Replicate) send.message()).session())
                .findFirst()
                .orElseThrow();
    }

    private void acknowledges(long appendedLsn, long receivedLsn) {
        var says = new Message.Acknowledge(1, session, Integrity.INTACT, appendedLsn, receivedLsn, flushedLsn, NOW);
        leader.step(NOW, new Event.Received(2, CoreNode.member(2).storageId(), 1, says));
    }

    @Test
    void whatAFollowerHasAndDoesNotVouchForIsNoCopy() {
        assertEquals(1, leader.copies(endLsn, false), "the leader's");
        acknowledges(endLsn, flushedLsn);
        assertEquals(1, leader.copies(endLsn, false), "its disk stalls");
        acknowledges(endLsn, endLsn);
        assertEquals(2, leader.copies(endLsn, false));
        assertEquals(0, leader.copies(endLsn, true));
    }

    @Test
    void whatTheLeaderDoesNotVouchForIsNoCopy() {
        leader.step(NOW, new Event.Progress(flushedLsn, flushedLsn));
        assertEquals(0, leader.copies(endLsn, false));
    }

    @Test
    void aSessionThatHasEndedIsNoCopy() {
        acknowledges(endLsn, endLsn);
        acknowledges(endLsn + 10, endLsn + 10);
        assertEquals(1, leader.copies(endLsn, false));
        assertEquals(2, leader.copies(flushedLsn, true));
    }
}
