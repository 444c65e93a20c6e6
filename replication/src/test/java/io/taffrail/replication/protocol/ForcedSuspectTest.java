package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// A person names a survivor whose log has lost its end, and cannot be appended to before what is left of that is cut
/// off.
class ForcedSuspectTest {
    private static final LogPosition END = new LogPosition(1000, 1, 77);

    private static final ForcedRecovery.Request REQUEST =
            new ForcedRecovery.Request(CoreNode.CLUSTER, new UUID(7, 7), List.of(0), END.lsn());

    private ReplicationCore survivor = survivor(HardState.EMPTY
            .withCluster(
                    CoreNode.CLUSTER, new UUID(2, 2), List.of(new LoggedConfiguration(0, CoreNode.configuration(3))))
            .withSuspect(true));
    private final List<Effect> effects = new ArrayList<>();

    private static ReplicationCore survivor(HardState hard) {
        return new ReplicationCore(
                new ReplicationCore.Start(
                        0, CoreNode.member(0).storageId(), 1, hard, List.of(new EpochStart(1, 0, 0, 0)), 0, END),
                CoreNode.config(),
                lsn -> new LogView.Chain.Known(77),
                new Random(1),
                0);
    }

    private void step(Event event) {
        effects.addAll(survivor.step(5000, event));
    }

    private Effect.Persist newest() {
        return effects.stream()
                .filter(Effect.Persist.class::isInstance)
                .map(Effect.Persist.class::cast)
                .max(Comparator.comparingLong(Effect.Persist::version))
                .orElseThrow();
    }

    private long newestVersion() {
        return newest().version();
    }

    private boolean leads() {
        return effects.stream().anyMatch(Effect.AppendEpochBegin.class::isInstance);
    }

    @Test
    void beginsItsEpochWhenWhatIsBadHasBeenCutOff() {
        step(new Event.ForceRecovery(1, REQUEST));
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

    /// Whoever heard that it was refused would keep the volumes that are given up, while the history has begun.
    @Test
    void doesNotRefuseWhatItBeganBeforeItEnded() {
        step(new Event.ForceRecovery(1, REQUEST));
        survivor = survivor(newest().state());
        effects.clear();
        step(new Event.ForceRecovery(2, REQUEST));
        assertTrue(
                effects.stream()
                        .anyMatch(effect -> effect instanceof Effect.RequestDone(long id, var result)
                                && id == 2
                                && result instanceof Effect.RequestResult.Indeterminate),
                effects::toString);
    }
}
