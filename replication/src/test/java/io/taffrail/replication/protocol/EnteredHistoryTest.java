package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// A survivor of a forced recovery was started again after it had entered the history and before the former one's end
/// was cut off its log, where a newer configuration stands: that one is of the former history.
class EnteredHistoryTest {
    private static final UUID FORMER = new UUID(3, 3);
    private static final LogPosition END = new LogPosition(1000, 1, 77);
    private static final Configuration TOLD =
            new Configuration(4, List.of(CoreNode.member(0), CoreNode.member(1)), List.of());
    private static final Configuration OF_FORMER_HISTORY = new Configuration(
            5, List.of(CoreNode.member(0), CoreNode.member(1), CoreNode.member(2), CoreNode.member(3)), List.of());

    private final ReplicationCore survivor = new ReplicationCore(
            new ReplicationCore.Start(
                    0,
                    CoreNode.member(0).storageId(),
                    2,
                    HardState.EMPTY
                            .withStanding(Standing.NEW.entering(List.of(FORMER)))
                            .withSuspect(true)
                            .withCluster(CoreNode.CLUSTER, new UUID(2, 2), List.of(new LoggedConfiguration(0, TOLD)))
                            .withConfigurationsFrom(500, List.of(new LoggedConfiguration(900, OF_FORMER_HISTORY))),
                    List.of(new EpochStart(1, 0, 0, 0)),
                    0,
                    END),
            CoreNode.config(),
            lsn -> new LogView.Chain.Known(77),
            new Random(1),
            0);

    private static ForcedRecovery.Request request(Integer... survivors) {
        return new ForcedRecovery.Request(CoreNode.CLUSTER, new UUID(7, 7), List.of(survivors), END.lsn());
    }

    @Test
    void whoIsToldOfTheHistoryIsGivenItsVoters() {
        var told = survivor.step(5000, new Event.ReceivedFromHistory(FORMER, 3, new Message.Uninitialized())).stream()
                .filter(Effect.Send.class::isInstance)
                .map(effect -> ((Effect.Send) effect).message())
                .toList();
        assertEquals(
                List.of(new Message.Invite(
                        CoreNode.CLUSTER, new UUID(2, 2), List.of(FORMER), new LoggedConfiguration(0, TOLD))),
                told);
    }

    @Test
    void voterOfTheFormerHistoryIsNoSurvivor() {
        var done = survivor.step(5000, new Event.ForceRecovery(1, request(0, 3))).stream()
                .filter(Effect.RequestDone.class::isInstance)
                .map(effect -> ((Effect.RequestDone) effect).result())
                .toList();
        var refused = assertInstanceOf(Effect.RequestResult.Refused.class, done.getFirst());
        assertEquals("survivors names node 3: the voters of configuration 4 are [0, 1]", refused.message());
    }
}
