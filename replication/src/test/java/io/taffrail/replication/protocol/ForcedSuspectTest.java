package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// A person names a survivor whose log has lost its end, and cannot be appended to before what is left of that is cut
/// off.
class ForcedSuspectTest {
    private static final LogPosition END = new LogPosition(1000, 1, 77);

    private final ReplicationCore survivor = new ReplicationCore(
            new ReplicationCore.Start(
                    0,
                    CoreNode.member(0).storageId(),
                    1,
                    HardState.EMPTY
                            .withCluster(
                                    CoreNode.CLUSTER,
                                    new UUID(2, 2),
                                    List.of(new LoggedConfiguration(0, CoreNode.configuration(3))))
                            .withSuspect(true),
                    List.of(new EpochStart(1, 0, 0, 0)),
                    0,
                    END),
            CoreNode.config(),
            lsn -> new LogView.Chain.Known(77),
            new Random(1),
            0);
    private final List<Effect> effects = new ArrayList<>();

    private void step(Event event) {
        effects.addAll(survivor.step(5000, event));
    }

    private long newestVersion() {
        return effects.stream()
                .filter(Effect.Persist.class::isInstance)
                .mapToLong(effect -> ((Effect.Persist) effect).version())
                .max()
                .orElseThrow();
    }

    private boolean leads() {
        return effects.stream().anyMatch(Effect.AppendEpochBegin.class::isInstance);
    }

    @Test
    void beginsItsEpochWhenWhatIsBadHasBeenCutOff() {
        step(new Event.ForceRecovery(
                1, new ForcedRecovery.Request(CoreNode.CLUSTER, new UUID(7, 7), List.of(0), END.lsn())));
        step(new Event.HardStateDurable(newestVersion()));
        assertEquals(
                1,
                effects.stream().filter(new Effect.Truncate(END.lsn())::equals).count());
        assertEquals(false, leads(), effects::toString);
        step(new Event.Truncated(END));
        // The log is whole by a person's word, and that is durable before it leads: a crash must not leave one that may
        // not stand.
        assertEquals(false, leads(), effects::toString);
        step(new Event.HardStateDurable(newestVersion()));
        assertTrue(leads(), effects::toString);
    }
}
