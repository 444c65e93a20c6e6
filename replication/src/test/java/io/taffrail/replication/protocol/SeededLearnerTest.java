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

/// A learner that has been given the state of node 0, which leads alone and would make a voter of whoever says that it
/// is intact: one that a crash would leave with a log that does not fit its state must not say so.
class SeededLearnerTest {
    private static final LogPosition START = new LogPosition(1000, 1, 77);
    private static final long STATE_LSN = 1500;
    private static final LoggedConfiguration CONFIGURATION =
            new LoggedConfiguration(0, new Configuration(1, List.of(CoreNode.member(0)), List.of(CoreNode.member(2))));

    private final ReplicationCore learner = new ReplicationCore(
            new ReplicationCore.Start(
                    2,
                    CoreNode.member(2).storageId(),
                    1,
                    HardState.EMPTY.withCluster(CoreNode.CLUSTER, new UUID(2, 2), List.of(CONFIGURATION)),
                    List.of(),
                    0,
                    LogPosition.EMPTY),
            CoreNode.config(),
            lsn -> new LogView.Chain.Known(77),
            new Random(1),
            0);
    private final List<Message> said = new ArrayList<>();
    private long version;

    @BeforeEach
    void takesOverTheLeadersStateAndJoins() {
        var offer = new Message.Reseed(
                1,
                hears(heartbeat()).nonce(),
                START,
                List.of(new EpochStart(1, 0, 0, 0)),
                CONFIGURATION,
                List.of(new Message.SeedFile("0000000000000001.checkpoint", 10)));
        hear(offer);
        step(new Event.SeedCopied());
        step(new Event.HardStateDurable(version));
        step(new Event.Seeded(START, STATE_LSN, offer));
        step(new Event.HardStateDurable(version));
        var join = hears(heartbeat());
        assertEquals(Integrity.SUSPECT, join.integrity());
        hear(new Message.Welcome(1, join.nonce(), 7, START, STATE_LSN - 100));
        step(new Event.Truncated(START));
        step(new Event.Appended(new LogPosition(STATE_LSN, 1, 78), List.of(), false, false));
    }

    private static Message.Heartbeat heartbeat() {
        return new Message.Heartbeat(1, 0, new Message.LeaderView(0, 0, 0, false), 1500);
    }

    private void step(Event event) {
        for (var effect : learner.step(5000, event)) {
            switch (effect) {
                case Effect.Persist(long newest, HardState _) -> version = newest;
                case Effect.Send(int _, Message message) -> said.add(message);
                default -> {}
            }
        }
    }

    private void hear(Message message) {
        step(new Event.Received(0, CoreNode.member(0).storageId(), 1, message));
    }

    /// The first one is promised to, the second answered.
    private Message.Join hears(Message.Heartbeat heartbeat) {
        hear(heartbeat);
        step(new Event.HardStateDurable(version));
        hear(heartbeat);
        return newest(Message.Join.class);
    }

    private <M extends Message> M newest(Class<M> kind) {
        return said.reversed().stream()
                .filter(kind::isInstance)
                .map(kind::cast)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + kind.getSimpleName() + ": " + said));
    }

    @Test
    void isSuspectUntilItsLogHasComeToWhereItsStateIs() {
        step(new Event.Progress(STATE_LSN - 1, STATE_LSN - 1));
        step(new Event.HardStateDurable(version));
        assertEquals(Integrity.SUSPECT, newest(Message.Acknowledge.class).integrity());
        assertTrue(learner.hardState().suspect());
    }

    @Test
    void saysThatItIsIntactWhenThatIsDurable() {
        said.clear();
        step(new Event.Progress(STATE_LSN, STATE_LSN));
        assertFalse(learner.hardState().suspect());
        assertEquals(List.of(), said);
        step(new Event.HardStateDurable(version));
        assertEquals(Integrity.INTACT, newest(Message.Acknowledge.class).integrity());
    }
}
