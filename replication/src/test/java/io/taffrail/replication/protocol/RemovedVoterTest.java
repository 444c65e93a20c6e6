package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
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

    /// It asks, and `from` would promise, with a log that goes on behind its own.
    private List<Message> saysAfterYes(Message.PreVote asked, int from, Configuration newest) {
        var mine = transcript.node(2).end();
        var ahead = new LogPosition(mine.lsn() + 90, mine.epoch(), 7);
        var yes = new Message.PreVoteReply(asked.epoch(), true, 1, ahead, new LoggedConfiguration(ahead.lsn(), newest));
        return says(new Event.Received(from, CoreNode.member(from).storageId(), 1, yes));
    }

    private List<Message> says(Event event) {
        return transcript.node(2).core.step(LATER, event).stream()
                .filter(Effect.Send.class::isInstance)
                .map(effect -> ((Effect.Send) effect).message())
                .toList();
    }

    private Message.PreVote asks() {
        return says(new Event.Tick(0, 0)).stream()
                .filter(Message.PreVote.class::isInstance)
                .map(Message.PreVote.class::cast)
                .findFirst()
                .orElseThrow();
    }

    private long promised() {
        return transcript.node(2).core.hardState().promisedEpoch();
    }

    private static Configuration voters(int... nodes) {
        return new Configuration(
                9, Arrays.stream(nodes).mapToObj(CoreNode::member).toList(), List.of());
    }

    @Test
    void doesNotStandWithTheYesOfOneWhoseLogNamesItNoMore() {
        saysAfterYes(asks(), 1, voters(0, 1, 3));
        assertEquals(1, promised());
    }

    @Test
    void standsWhenTheVotersThatTheLogAheadNamesWouldPromise() {
        var asked = asks();
        var newest = voters(0, 1, 2, 3, 4);
        var next = saysAfterYes(asked, 1, newest);
        assertEquals(1, promised(), "two of three would, and two of five");
        assertEquals(
                3, next.stream().filter(Message.PreVote.class::isInstance).count(), "the others of the five are asked");
        saysAfterYes(asked, 4, newest);
        assertEquals(asked.epoch(), promised());
    }
}
