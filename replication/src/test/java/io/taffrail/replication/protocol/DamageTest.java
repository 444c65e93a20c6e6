package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
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

    @Test
    void aLeaderLetsNobodyInWhereItCannotReadItsLogAndGoesOn() {
        var meeting = transcript.node(2).log.getFirst().end();
        var join = new Message.Join(1, 7, Integrity.INTACT, 0, meeting, List.of(new EpochStart(1, 0, 0, 0)));
        transcript.node(0).unreadable = true;
        assertEquals(List.of(), says(2, 0, join));
        transcript.node(0).unreadable = false;
        assertTrue(sent(says(2, 0, join)).stream()
                .anyMatch(message -> message instanceof Message.Welcome welcome
                        && welcome.cut().equals(meeting)));
    }

    /// What would tell where the logs part is the first entry that is to go.
    @Test
    void aFollowerThatCannotReadWhereItIsToCutComparesAfterwards() {
        var meeting = transcript.node(2).log.getFirst().end();
        assertFalse(halts(cutUnread(meeting)), "the same log");
        assertTrue(
                halts(cutUnread(new LogPosition(meeting.lsn(), meeting.epoch(), meeting.chainCrc() + 1))),
                "another one");
    }

    private List<Effect> cutUnread(LogPosition cut) {
        var follower = restarted(core(2).hardState());
        var view = new Message.LeaderView(3000, 0, 0, false);
        var asked = sent(follower.step(3000, from(new Message.Heartbeat(1, 0, view, 0))));
        var join = (Message.Join) asked.getFirst();
        var effects = new ArrayList<>(follower.step(3001, from(new Message.Welcome(1, join.nonce(), session, cut, 0))));
        assertFalse(halts(effects), effects::toString);
        assertTrue(effects.contains(new Effect.Truncate(cut.lsn())), effects::toString);
        effects.addAll(follower.step(
                3002, new Event.Truncated(transcript.node(2).log.getFirst().end())));
        return effects;
    }

    private static Event from(Message message) {
        return new Event.Received(0, CoreNode.member(0).storageId(), 1, message);
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

    // A log that is repaired while nobody leads

    private final Message prepare = new Message.Prepare(9);

    private static long newestVersion(List<Effect> effects) {
        return effects.stream()
                .filter(Effect.Persist.class::isInstance)
                .mapToLong(effect -> ((Effect.Persist) effect).version())
                .max()
                .orElseThrow();
    }

    private static List<Integrity> testifies(List<Effect> effects) {
        return sent(effects).stream()
                .filter(Message.Promise.class::isInstance)
                .map(promise -> ((Message.Promise) promise).integrity())
                .toList();
    }

    /// 1. The leader is lost, and this voter's session with it. 2. The third voter stands, and has a majority only
    /// with this one. 3. It gives this one the bytes that were bad.
    @Test
    void aRepairedVoterIsWhatItWasAlsoWithoutALeader() {
        core(2).step(3000, new Event.Damaged(true));
        var promised = says(1, 2, prepare);
        assertEquals(
                List.of(Integrity.SUSPECT),
                testifies(core(2).step(3001, new Event.HardStateDurable(newestVersion(promised)))));
        assertFalse(grants(new Message.PreVote(10, transcript.node(1).end())));

        var repaired = core(2).step(LATER, new Event.Damaged(false));
        assertEquals(Integrity.INTACT, core(2).view(LATER).integrity());
        assertFalse(core(2).hardState().suspect());
        assertTrue(grants(new Message.PreVote(10, transcript.node(1).end())));
        assertEquals(List.of(), testifies(says(1, 2, prepare)), "a crash would leave a suspect voter");
        assertEquals(
                List.of(Integrity.INTACT),
                testifies(core(2).step(LATER, new Event.HardStateDurable(newestVersion(repaired)))));
        assertTrue(sent(core(2).step(2 * LATER, new Event.Tick(0, 0))).stream()
                .anyMatch(Message.PreVote.class::isInstance));
    }

    /// Of another process than the transcript's, so in no session.
    private ReplicationCore restarted(HardState hard) {
        return new ReplicationCore(
                new ReplicationCore.Start(
                        2,
                        CoreNode.member(2).storageId(),
                        2,
                        hard,
                        List.of(new EpochStart(1, 0, 0, 0)),
                        0,
                        transcript.node(2).end()),
                CoreNode.config(),
                lsn -> new LogView.Chain.Unreadable(),
                new Random(1),
                3000);
    }

    private static Integrity afterRepair(ReplicationCore voter) {
        voter.step(3000, new Event.Damaged(true));
        assertEquals(Integrity.SUSPECT, voter.view(3000).integrity());
        voter.step(3001, new Event.Damaged(false));
        return voter.view(3001).integrity();
    }

    @Test
    void aRepairedVoterThatHasForgottenIsAmnesicAgain() {
        var voter = restarted(core(2).hardState().withDirty(true));
        assertEquals(Integrity.AMNESIC, afterRepair(voter));
        assertFalse(voter.hardState().suspect());
        assertTrue(voter.hardState().dirty(), "also after a crash");
        assertEquals(Integrity.AMNESIC, afterRepair(voter), "again and again");
    }

    @Test
    void aRepairedVoterThatWasSuspectBeforeNeedsALeader() {
        var voter = restarted(core(2).hardState().withSuspect(true));
        assertEquals(Integrity.SUSPECT, afterRepair(voter));
        assertTrue(voter.hardState().suspect());
    }

    @Test
    void aRepairedVoterThatHasEnteredAnotherHistoryNeedsALeader() {
        var voter = restarted(core(2).hardState());
        voter.step(3000, new Event.Damaged(true));
        voter.step(
                3000,
                new Event.ReceivedFromHistory(
                        new UUID(5, 5),
                        1,
                        new Message.Invite(
                                CoreNode.CLUSTER,
                                new UUID(5, 5),
                                List.of(CoreNode.CLUSTER),
                                new LoggedConfiguration(0, CoreNode.configuration(3)))));
        voter.step(3001, new Event.Damaged(false));
        assertEquals(Integrity.SUSPECT, voter.view(3001).integrity());
        assertTrue(voter.hardState().suspect());
    }

    /// What is bad lies behind the cut.
    private ReplicationCore cutWhereItIsDamaged(LogPosition cut) {
        var voter = restarted(core(2).hardState());
        voter.step(3000, new Event.Damaged(true));
        var view = new Message.LeaderView(3000, 0, 0, false);
        var join = (Message.Join) sent(voter.step(3000, from(new Message.Heartbeat(1, 0, view, 0))))
                .getFirst();
        var effects = voter.step(3001, from(new Message.Welcome(1, join.nonce(), session, cut, 1000)));
        assertTrue(effects.contains(new Effect.Truncate(cut.lsn())), effects::toString);
        voter.step(3002, new Event.Damaged(false));
        assertEquals(Integrity.SUSPECT, voter.view(3002).integrity(), "what is left is not known yet");
        return voter;
    }

    @Test
    void aVoterWhoseDamageIsCutIsWhatItWas() {
        var cut = transcript.node(2).log.getFirst().end();
        var voter = cutWhereItIsDamaged(cut);
        voter.step(3003, new Event.Truncated(cut));
        assertEquals(Integrity.INTACT, voter.view(3003).integrity());
        assertFalse(voter.hardState().suspect());
    }

    @Test
    void aVoterThatBeganWithNothingInsteadOfACutNeedsALeader() {
        var voter = cutWhereItIsDamaged(transcript.node(2).log.getFirst().end());
        voter.step(3003, new Event.Truncated(LogPosition.EMPTY));
        assertEquals(Integrity.SUSPECT, voter.view(3003).integrity());
        assertTrue(voter.hardState().suspect());
    }
}
