package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// An intact voter that has to begin its log anew, with the files of a leader that may be lost before they are here, or
/// before the log has come to where they are.
class SeededVoterTest {
    private static final int NOW = 5000;
    private static final LogPosition START = new LogPosition(1000, 1, 77);
    private static final long STATE_LSN = 1500;

    private final Transcript transcript = new Transcript(3);
    private final ReplicationCore voter = transcript.node(2).core;
    private long version;

    /// Node 0 leads. Node 2 follows, and loses the session.
    @BeforeEach
    void nodeTwoIsOfferedASeed() {
        transcript.command("tick", "0", "2000");
        transcript.command("deliver");
        transcript.command("append", "0", "3");
        transcript.command("deliver");
        assertEquals(Integrity.INTACT, integrity());
        var join = only(
                hear(new Message.Heartbeat(1, 0, new Message.LeaderView(0, 0, 0, false), 1500)), Message.Join.class);
        var offer = new Message.Reseed(
                1,
                join.nonce(),
                START,
                List.of(new EpochStart(1, 0, 0, 0)),
                new LoggedConfiguration(0, CoreNode.configuration(3)),
                List.of(new Message.SeedFile("0000000000000001.checkpoint", 10)));
        assertTrue(hear(offer).stream().anyMatch(Effect.Seed.class::isInstance));
    }

    private Integrity integrity() {
        return voter.view(NOW).integrity();
    }

    private List<Effect> step(Event event) {
        return step(NOW, event);
    }

    private List<Effect> step(long now, Event event) {
        var effects = voter.step(now, event);
        for (var effect : effects) {
            if (effect instanceof Effect.Persist(long newest, HardState _)) {
                version = newest;
            }
        }
        return effects;
    }

    private List<Effect> hear(Message message) {
        return hear(NOW, 0, message);
    }

    private List<Effect> hear(long now, int from, Message message) {
        return step(now, new Event.Received(from, CoreNode.member(from).storageId(), 1, message));
    }

    private static <M extends Message> M only(List<Effect> effects, Class<M> kind) {
        return effects.stream()
                .filter(Effect.Send.class::isInstance)
                .map(effect -> ((Effect.Send) effect).message())
                .filter(kind::isInstance)
                .map(kind::cast)
                .findFirst()
                .orElseThrow(() -> new AssertionError("says no " + kind.getSimpleName() + ": " + effects));
    }

    /// Long after it heard the leader, it is asked by another.
    private boolean wouldPromise() {
        return only(
                        hear(NOW + 60_000, 1, new Message.PreVote(9, new LogPosition(5000, 1, 1))),
                        Message.PreVoteReply.class)
                .granted();
    }

    private Message.Promise testifies() {
        var effects = hear(NOW + 60_000, 1, new Message.Prepare(9));
        assertFalse(
                effects.stream().anyMatch(effect -> effect instanceof Effect.Send), "the promise is not durable yet");
        return only(step(NOW + 60_000, new Event.HardStateDurable(version)), Message.Promise.class);
    }

    private void copyAndBeginAnew() {
        copyAndBeginAnew(new LoggedConfiguration(0, CoreNode.configuration(3)));
    }

    private void copyAndBeginAnew(LoggedConfiguration told) {
        step(new Event.SeedCopied());
        step(new Event.HardStateDurable(version));
        step(new Event.Seeded(
                START,
                STATE_LSN,
                new Message.Reseed(1, 1, START, List.of(new EpochStart(1, 0, 0, 0)), told, List.of())));
    }

    /// Without node 0 and with node 3.
    private static LoggedConfiguration changed(long endLsn) {
        var voters = List.of(CoreNode.member(1), CoreNode.member(2), CoreNode.member(3));
        return new LoggedConfiguration(endLsn, new Configuration(7, voters, List.of()));
    }

    private List<Member> voters() {
        return voter.view(NOW).configuration().voters();
    }

    @Test
    void isAVoterAsBeforeWhenTheLeaderIsLostOnTheWay() {
        assertEquals(Integrity.INTACT, integrity(), "what it holds is still here");
        assertFalse(voter.hardState().suspect());
        assertFalse(wouldPromise(), "it could not testify yet");
        step(new Event.Seeded(null, 0, null));
        assertTrue(wouldPromise());
        var testimony = testifies();
        assertEquals(Integrity.INTACT, testimony.integrity());
        assertEquals(transcript.node(2).end(), testimony.end());
    }

    @Test
    void isSuspectWhileItsLogIsReplaced() {
        var effects = step(new Event.SeedCopied());
        // The leader's lineage has all of it.
        var install = new Effect.InstallSeed(transcript.node(2).end().lsn());
        assertTrue(effects.indexOf(install) > 0, "the mark is asked for first: " + effects);
        assertTrue(voter.hardState().suspect());
        assertEquals(Integrity.SUSPECT, integrity());
        assertFalse(wouldPromise());
    }

    @Test
    void countsAsBeforeWithItsNewLog() {
        copyAndBeginAnew();
        assertTrue(wouldPromise());
        var testimony = testifies();
        assertEquals(Integrity.INTACT, testimony.integrity());
        assertEquals(START, testimony.end());
    }

    /// The members changed while it was away, and the entry may lie below its new log, or is not here yet.
    @Test
    void knowsTheVotersOfWhereItsStateIs() {
        var told = changed(STATE_LSN - 200);
        copyAndBeginAnew(told);
        assertEquals(told.configuration().voters(), voters());
        assertEquals(Integrity.INTACT, integrity());
        assertEquals(List.of(told), voter.hardState().configurations());
        step(new Event.Appended(
                new LogPosition(STATE_LSN, 1, 78),
                List.of(new Event.ControlEntry.Configured(told.configuration(), told.endLsn())),
                false,
                false));
        assertEquals(List.of(told), voter.hardState().configurations());
    }

    @Test
    void countsNowhereWhileItKnowsOnlyTheVotersOfBefore() {
        copyAndBeginAnew(changed(STATE_LSN + 200));
        assertEquals(Integrity.SUSPECT, integrity());
        assertFalse(wouldPromise());
        assertEquals(CoreNode.configuration(3).voters(), voters());
    }

    @Test
    void takesNoEntryBeforeItRemembersTheVoters() {
        copyAndBeginAnew(changed(STATE_LSN - 200));
        var heartbeat = new Message.Heartbeat(1, 0, new Message.LeaderView(0, 0, 0, false), 1500);
        assertFalse(hear(NOW + 1000, 0, heartbeat).stream().anyMatch(SeededVoterTest::isJoin));
        step(new Event.HardStateDurable(version));
        assertTrue(hear(NOW + 2000, 0, heartbeat).stream().anyMatch(SeededVoterTest::isJoin));
    }

    private static boolean isJoin(Effect effect) {
        return effect instanceof Effect.Send(int _, Message.Join _);
    }

    /// Its state is ahead of the log that would be gone on from.
    @Test
    void isNoSurvivorToGoOnFromBeforeItsLogHasComeToItsState() {
        copyAndBeginAnew();
        step(new Event.HardStateDurable(version));
        var refused = voter.recoveryPlan(NOW + 60_000, List.of(2));
        assertTrue(refused.toString().contains("being filled up"), refused.toString());
        step(new Event.Appended(new LogPosition(STATE_LSN, 1, 78), List.of(), false, false));
        step(new Event.Progress(STATE_LSN, STATE_LSN));
        var plan = voter.recoveryPlan(NOW + 60_000, List.of(2));
        assertTrue(plan instanceof ForcedRecovery.Plan.Possible, plan.toString());
    }

    private List<Effect> anotherHistoryBegins() {
        var mine = Objects.requireNonNull(voter.hardState().historyId());
        var invite = new Message.Invite(
                Objects.requireNonNull(voter.hardState().clusterId()),
                new UUID(4, 4),
                List.of(mine),
                new LoggedConfiguration(0, CoreNode.configuration(3)));
        return step(new Event.ReceivedFromHistory(new UUID(4, 4), 0, invite));
    }

    @Test
    void saysThatARecoveryIsDoneOnlyOnceItIsDurable() {
        step(new Event.Seeded(null, 0, null));
        step(new Event.HardStateDurable(version));
        var later = NOW + 60_000;
        var plan = (ForcedRecovery.Plan.Possible) voter.recoveryPlan(later, List.of(2));
        var request = new ForcedRecovery.Request(
                plan.clusterId(), new UUID(5, 5), List.of(2), plan.end().lsn());
        step(later, new Event.ForceRecovery(1, request));
        // It may yet be: nobody is to take it for refused.
        assertTrue(
                answer(step(later, new Event.ForceRecovery(2, request))) instanceof Effect.RequestResult.Indeterminate);
        step(later, new Event.HardStateDurable(version));
        assertTrue(answer(step(later, new Event.ForceRecovery(3, request))) instanceof Effect.RequestResult.Done);
    }

    private static Effect.RequestResult answer(List<Effect> effects) {
        return effects.stream()
                .filter(Effect.RequestDone.class::isInstance)
                .map(effect -> ((Effect.RequestDone) effect).result())
                .findFirst()
                .orElseThrow();
    }

    /// What its state is ahead by the other history may not have.
    @Test
    void beginsWithNothingIfAnotherHistoryBeginsMeanwhile() {
        copyAndBeginAnew();
        step(new Event.HardStateDurable(version));
        var effects = anotherHistoryBegins();
        assertTrue(effects.contains(new Effect.Truncate(0)), effects.toString());
    }

    @Test
    void hasNothingToComeToOnceItHasBegunWithNothing() {
        copyAndBeginAnew();
        step(new Event.Appended(new LogPosition(STATE_LSN, 1, 78), List.of(), false, false));
        step(new Event.Progress(STATE_LSN, STATE_LSN));
        anotherHistoryBegins();
        step(new Event.Truncated(LogPosition.EMPTY));
        assertTrue(voter.isRefilled());
    }

    /// The state may end below where the histories part.
    @Test
    void remembersWithWhomItEnteredAnotherHistory() {
        step(new Event.Seeded(null, 0, null));
        anotherHistoryBegins();
        var entered = new LoggedConfiguration(0, CoreNode.configuration(3));
        var told = changed(STATE_LSN - 200);
        copyAndBeginAnew(told);
        assertEquals(List.of(entered, told), voter.hardState().configurations());
    }

    /// A start would take a log that ends below its checkpoint for one that has lost flushed bytes, and be right.
    @Test
    void remembersThatItsLogIsBehindItsState() {
        copyAndBeginAnew();
        step(new Event.Appended(new LogPosition(STATE_LSN, 1, 78), List.of(), false, false));
        step(new Event.Progress(STATE_LSN - 1, STATE_LSN - 1));
        assertTrue(voter.hardState().suspect());
        step(new Event.Progress(STATE_LSN, STATE_LSN));
        assertFalse(voter.hardState().suspect());
    }

    @Test
    void staysSuspectIfItWasBefore() {
        step(new Event.Seeded(null, 0, null));
        step(new Event.Damaged(true));
        assertEquals(Integrity.SUSPECT, integrity());
        copyAndBeginAnew();
        assertEquals(Integrity.SUSPECT, integrity());
        step(new Event.Appended(new LogPosition(STATE_LSN, 1, 78), List.of(), false, false));
        step(new Event.Progress(STATE_LSN, STATE_LSN));
        assertTrue(voter.hardState().suspect());
        step(new Event.Damaged(false));
        assertEquals(Integrity.SUSPECT, integrity(), "it is not the log any more that was sound before the damage");
    }
}
