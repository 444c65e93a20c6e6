package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What no replica of this cluster can say is not believed, and does not stop the one that hears it.
class RefusedMessagesTest {
    private final Transcript transcript = new Transcript(3);

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

    private List<Effect> says(int from, long incarnation, int to, Message message) {
        return core(to).step(
                        3000, new Event.Received(from, CoreNode.member(from).storageId(), incarnation, message));
    }

    private static String violation(List<Effect> effects) {
        return effects.stream()
                .filter(Effect.Violation.class::isInstance)
                .map(effect -> ((Effect.Violation) effect).message())
                .findFirst()
                .orElseThrow(() -> new AssertionError("nothing was refused: " + effects));
    }

    @Test
    void anAcknowledgementBeyondWhatWasSentEndsTheSession() {
        // The second one that joined in epoch 1.
        var session = (1L << 20) + 2;
        var before = core(0).watermarks();
        var lie = new Message.Acknowledge(1, session, Integrity.INTACT, 1000, 1000, 1000, 2000);
        assertTrue(violation(says(2, 1, 0, lie)).contains("acknowledges 1000"));
        assertEquals(before, core(0).watermarks());
        assertTrue(core(0).isOpen(), "the leader goes on");
        assertEquals(List.of(), says(2, 1, 0, lie), "and the session is over");
    }

    @Test
    void anEpochThatWouldUseTheEpochsUpIsRefused() {
        var refused = violation(says(1, 1, 0, new Message.Prepare(Long.MAX_VALUE)));
        assertTrue(refused.contains(String.valueOf(Long.MAX_VALUE)), refused);
        assertEquals(1, core(0).hardState().promisedEpoch());
        assertTrue(violation(says(1, 1, 0, new Message.Stale(1, Long.MAX_VALUE - 1)))
                .contains("refused"));
        assertTrue(core(0).isOpen());
        says(1, 1, 0, new Message.Prepare(1L << 32));
        assertEquals(1L << 32, core(0).hardState().promisedEpoch(), "a jump that many elections could make is taken");
    }

    @Test
    void anOlderCopyOfAVolumeIsToldAndTakesNoPartAnyMore() {
        says(2, 9, 0, new Message.PreVote(2, LogPosition.EMPTY));
        var told = says(
                        2,
                        3,
                        0,
                        new Message.Promise(
                                2,
                                Integrity.INTACT,
                                LogPosition.EMPTY,
                                List.of(),
                                0,
                                0,
                                new LoggedConfiguration(0, CoreNode.configuration(3)),
                                -1))
                .stream()
                .filter(Effect.Send.class::isInstance)
                .map(effect -> ((Effect.Send) effect).message())
                .findFirst()
                .orElseThrow();
        var outdated = assertInstanceOf(Message.Outdated.class, told);
        assertEquals(9, outdated.incarnation());

        says(0, 1, 2, new Message.Outdated(outdated.storageId(), 1));
        assertFalse(core(2).hardState().isEvicted(), "it was for a process that is gone");
        says(0, 1, 2, new Message.Outdated(CoreNode.member(1).storageId(), 9));
        assertFalse(core(2).hardState().isEvicted(), "it was for another");
        var effects = says(0, 1, 2, outdated);
        assertEquals(Eviction.OLDER_VOLUME, core(2).hardState().standing().eviction());
        assertTrue(effects.stream().anyMatch(Effect.Persist.class::isInstance), "also after a restart");
        assertEquals(List.of(), says(0, 1, 2, new Message.Prepare(5)), "it promises nothing any more");
        assertTrue(core(2).step(60_000, new Event.Tick(0, 0)).stream().noneMatch(Effect.Send.class::isInstance));
    }

    @Test
    void aFetchOfWhatACrashHasTakenSinceIsNotAnswered() {
        var testified = transcript.node(2).end();
        says(1, 1, 2, new Message.Prepare(7));
        transcript.node(2).durable(3000);
        var lost = new LogPosition(testified.lsn() + 10, testified.epoch(), 5);
        assertEquals(List.of(), says(1, 1, 2, new Message.Fetch(7, lost)));
        assertFalse(core(2).isHalted());
        assertInstanceOf(
                Effect.Serve.class,
                says(1, 1, 2, new Message.Fetch(7, testified)).getFirst());
    }

    @Test
    void whoeverIsAskedForWhatItHasTrimmedStandsItself() {
        core(2).step(3000, new Event.Tick(0, 20));
        says(1, 1, 2, new Message.Prepare(7));
        transcript.node(2).durable(3000);
        says(1, 1, 2, new Message.Fetch(7, new LogPosition(10, 1, 5)));
        assertEquals(
                ReplicationCore.Kind.CANDIDATE,
                core(2).view(3000).kind(),
                "the candidate cannot come by what it lacks");
        assertEquals(8, core(2).hardState().promisedEpoch());
    }

    @Test
    void theHighestIncarnationsGoWithWhatIsMadeDurable() {
        says(1, 1, 2, new Message.Prepare(7));
        assertTrue(core(2).hardState()
                .standing()
                .seen()
                .contains(new Standing.Seen(CoreNode.member(1).storageId(), 1)));
    }

    /// There is room for few, and each volume that is replaced leaves one behind.
    @Test
    void theIncarnationOfAStorageThatIsNoMemberIsForgotten() {
        var removed = new Standing.Seen(new UUID(-9, 9), 4);
        var member = new Standing.Seen(CoreNode.member(1).storageId(), 5);
        var core = new ReplicationCore(
                new ReplicationCore.Start(
                        0,
                        CoreNode.member(0).storageId(),
                        1,
                        HardState.EMPTY
                                .withStanding(new Standing(
                                        List.of(), Standing.Beginning.PAST, Eviction.NONE, List.of(removed, member)))
                                .withCluster(
                                        CoreNode.CLUSTER,
                                        CoreNode.CLUSTER,
                                        List.of(new LoggedConfiguration(0, CoreNode.configuration(3)))),
                        List.of(),
                        0,
                        LogPosition.EMPTY),
                CoreNode.config(),
                lsn -> new LogView.Chain.None(),
                new Random(1),
                0);
        core.step(10, new Event.Received(2, CoreNode.member(2).storageId(), 3, new Message.Prepare(7)));
        assertEquals(
                Set.of(member, new Standing.Seen(CoreNode.member(2).storageId(), 3)),
                Set.copyOf(core.hardState().standing().seen()));
    }
}
