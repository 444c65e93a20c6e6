package io.taffrail.operator.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.fabric8.kubernetes.client.utils.Serialization;
import io.taffrail.operator.crd.CommitMode;
import io.taffrail.operator.crd.LogStreamSpec;
import org.junit.jupiter.api.Test;

final class StreamPlannerTest {
    /// A mode that nobody asked for is refused wherever the cluster's minimum is above it.
    @Test
    void whatTheMinimumDoesNotNameIsTheClusters() {
        var spec = Serialization.unmarshal("""
                clusterRef: {name: orders}
                streamName: payments
                minimum: {commitMode: Sync}
                """, LogStreamSpec.class);
        var create = assertInstanceOf(
                StreamPlanner.Step.Create.class, StreamPlanner.plan(spec, "shop/payments", null, null));
        assertEquals(CommitMode.Sync, create.config().minimumCommitMode());
        assertNull(create.config().minimumReplicationMode());
    }
}
