package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What becomes of a replica whose log is not what was written.
class DamageTest {
    /// Nobody has heard a leader for long.
    private static final long LATER = 60_000;

    private final Transcript transcript = new Transcript(3);
    private final long session = (1L << 20) + 2;

    @BeforeEach
    void nodeZeroLeads() {
        transcript.command("tick", "0", "2000");
        transcript.command("deliver");
        transcript.command("append", "0", "1");
        transcript.command("deliver");
        assertTrue(core(0).isOpen());
    }

    private ReplicationCore core(int node) {
        return transcript.node(node).core;
    }

    private List<Effect> says(int from, int to, Message message) {
        return core(to).step(
                        3000, new Event.Received(from, CoreNode.member(from).storageId(), 1, message));
    }

    private static List<Message> sent(List<Effect> effects) {
        return effects.stream()
                .filter(Effect.Send.class::isInstance)
                .map(effect -> ((Effect.Send) effect).message())
                .toList();
    }

    private static boolean halts(List<Effect> effects) {
        return effects.stream().anyMatch(Effect.Halt.class::isInstance);
    }

    @Test
    void aDamagedFollowerIsDurablySuspectUntilItIsNot() {
        var effects = core(2).step(3000, new Event.Damaged(true));
        assertTrue(core(2).hardState().suspect());
        assertTrue(effects.stream().anyMatch(Effect.Persist.class::isInstance), "also after a restart");
        assertEquals(Integrity.SUSPECT, core(2).view(3000).integrity());
        assertTrue(sent(effects).stream()
                .anyMatch(
                        message -> message instanceof Message.Acknowledge ack && ack.integrity() == Integrity.SUSPECT));
        // Flushing more does not fill a hole.
        core(2).step(3001, new Event.Progress(1000, 1000));
        assertEquals(Integrity.SUSPECT, core(2).view(3001).integrity());
        core(2).step(3002, new Event.Damaged(false));
        assertEquals(Integrity.INTACT, core(2).view(3002).integrity());
        assertFalse(core(2).hardState().suspect());
    }

    @Test
    void aSuspectFollowerStandsForNoElection() {
        core(2).step(3000, new Event.Damaged(true));
        assertEquals(List.of(), sent(core(2).step(60_000, new Event.Tick(0, 0))));
    }

    @Test
    void aDamagedLeaderHandsOverOnceInAWhile() {
        core(0).step(2100, new Event.Damaged(true));
        assertFalse(core(0).hardState().suspect(), "it is what the others are filled up from");
        var told = sent(core(0).step(2101, new Event.Tick(0, 0)));
        assertTrue(told.stream().anyMatch(Message.TimeoutNow.class::isInstance), told::toString);
        assertFalse(core(0).admits(2101), "what comes now is the next leader's");
    }

    @Test
    void theChainsOfAFollowerAndItsLeaderAreCompared() {
        var end = transcript.node(2).end();
        var asked = sent(core(2).step(3000, new Event.Verified(end.lsn(), end.chainCrc())));
        assertEquals(List.of(new Message.Compare(1, session, end.lsn(), end.chainCrc())), asked);
        var read = says(2, 0, asked.getFirst());
        assertEquals(List.of(new Effect.ReadChain(2, session, end.lsn(), end.chainCrc())), read);
        var answer = core(0).step(3001, new Event.ChainRead(2, session, end.lsn(), end.chainCrc(), end.chainCrc()));
        assertEquals(List.of(new Message.Compared(1, session, end.lsn(), end.chainCrc())), sent(answer));
        assertFalse(halts(answer));
        assertFalse(halts(says(0, 2, sent(answer).getFirst())));
    }

    @Test
    void bothStopWhereTheirChainsDiffer() {
        var end = transcript.node(2).end();
        core(2).step(3000, new Event.Verified(end.lsn(), end.chainCrc()));
        var answer = core(0).step(3001, new Event.ChainRead(2, session, end.lsn(), end.chainCrc(), end.chainCrc() + 1));
        assertTrue(halts(answer), answer::toString);
        assertTrue(halts(says(0, 2, sent(answer).getFirst())));
    }

    @Test
    void nothingIsComparedAcrossSessions() {
        var end = transcript.node(2).end();
        assertEquals(List.of(), says(2, 0, new Message.Compare(1, session + 1, end.lsn(), 1)));
        assertEquals(List.of(), core(0).step(3001, new Event.ChainRead(2, session - 1, end.lsn(), 1, 2)));
        core(2).step(3000, new Event.Verified(end.lsn(), end.chainCrc()));
        assertFalse(halts(says(0, 2, new Message.Compared(1, session + 1, end.lsn(), 1))));
    }

    /// Its promise counts in no election, so a candidate that has its yes alone would fence a leader in vain.
    @Test
    void aSuspectVoterSaysThatItWouldPromiseNothing() {
        var question = new Message.PreVote(9, transcript.node(1).end());
        assertTrue(grants(question));
        core(2).step(LATER, new Event.Damaged(true));
        assertFalse(grants(question));
    }

    private boolean grants(Message.PreVote question) {
        var asked = new Event.Received(1, CoreNode.member(1).storageId(), 1, question);
        return sent(core(2).step(LATER, asked)).stream()
                .anyMatch(message -> message instanceof Message.PreVoteReply reply && reply.granted());
    }
}
