package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A person names a survivor whose disk stands still: the end of its log is in memory only.
class ForcedUnflushedTest {
    private static final long NOW = 5000;

    private final CoreNode survivor = new CoreNode(0);

    @BeforeEach
    void appendToMemory() {
        survivor.step(NOW, new Event.Bootstrap(CoreNode.CLUSTER, CoreNode.configuration(3)));
        survivor.durable(NOW);
        survivor.append(NOW, 1, true);
        survivor.flush(NOW);
        survivor.append(NOW, 2, true);
    }

    private ForcedRecovery.Plan plan() {
        return survivor.core.recoveryPlan(NOW, List.of(0));
    }

    private void force(long expectedLastLsn) {
        survivor.step(
                NOW,
                new Event.ForceRecovery(
                        1, new ForcedRecovery.Request(CoreNode.CLUSTER, new UUID(7, 7), List.of(0), expectedLastLsn)));
        survivor.durable(NOW);
    }

    @Test
    void isRefusedUntilAllIsFlushed() {
        var refused = assertInstanceOf(ForcedRecovery.Plan.Refused.class, plan());
        assertEquals(
                "the disk holds this log up to LSN 10 only, of 30: wait until all of it is flushed", refused.message());
        survivor.flush(NOW);
        assertInstanceOf(ForcedRecovery.Plan.Possible.class, plan());
    }

    @Test
    void noCrashMakesTheNewHistoryGoOnFromLessThanThePlanSaid() {
        force(30);
        survivor.crash(NOW);
        assertEquals(CoreNode.CLUSTER, survivor.core.hardState().historyId(), "as if nobody had asked");

        var plan = assertInstanceOf(ForcedRecovery.Plan.Possible.class, plan());
        assertEquals(10, plan.end().lsn(), "what is left is what a person is shown");
        force(10);
        survivor.crash(NOW);
        assertNotEquals(CoreNode.CLUSTER, survivor.core.hardState().historyId());
        assertEquals(10, survivor.end().lsn());
    }
}
