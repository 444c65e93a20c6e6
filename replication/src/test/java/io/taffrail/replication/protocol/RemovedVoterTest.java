package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A voter that was removed while it was cut off stands for election as soon as it hears the others again.
class RemovedVoterTest {
    /// Nobody has heard a leader for long.
    private static final long LATER = 60_000;

    private final Transcript transcript = new Transcript(3);

    @BeforeEach
    void nodeTwoIsRemovedAndDoesNotHearIt() {
        transcript.command("tick", "0", "2000");
        transcript.command("deliver");
        transcript.command("cut", "0", "2");
        transcript.command("cut", "1", "2");
        transcript.node(0).step(2000, new Event.ChangeConfiguration(1, 1, new Event.Change.RemoveVoter(2)));
        transcript.command("append", "0", "1");
        transcript.command("deliver");
        assertNull(voter(1, 2), "node 1 has the entry that removes it");
        assertNotNull(voter(2, 2), "node 2 has not");
    }

    private @Nullable Member voter(int at, int node) {
        return transcript.node(at).core.view(LATER).configuration().voter(node);
    }

    private Message.PreVoteReply answer(int at, int from, LogPosition end) {
        var question = new Message.PreVote(9, end);
        return transcript
                .node(at)
                .core
                .step(LATER, new Event.Received(from, CoreNode.member(from).storageId(), 1, question))
                .stream()
                .filter(Effect.Send.class::isInstance)
                .map(effect -> (Message.PreVoteReply) ((Effect.Send) effect).message())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void isPromisedNoEpochThatWouldFenceThoseThatCanLead() {
        assertFalse(answer(1, 2, transcript.node(2).end()).granted());
        assertTrue(answer(1, 0, transcript.node(2).end()).granted(), "a voter with the same log is");
    }

    @Test
    void isPromisedOneIfItsLogIsAhead() {
        var mine = transcript.node(1).end();
        assertTrue(
                answer(1, 2, new LogPosition(mine.lsn(), mine.epoch() + 1, 7)).granted());
    }

    @Test
    void disturbsNobodyHoweverOftenItStands() {
        transcript.command("heal");
        transcript.command("down", "0");
        transcript.command("up", "0");
        for (var time = 10_000; time < LATER; time += 100) {
            transcript.command("tick", "2", String.valueOf(time));
            transcript.command("deliver", "2", "0");
            transcript.command("deliver", "2", "1");
            transcript.command("deliver", "0", "2");
            transcript.command("deliver", "1", "2");
        }
        assertEquals(
                ReplicationCore.Kind.CANDIDATE,
                transcript.node(2).core.view(LATER).kind());
        assertEquals(1, transcript.node(0).core.hardState().promisedEpoch());
        assertEquals(1, transcript.node(1).core.hardState().promisedEpoch());
    }
}
