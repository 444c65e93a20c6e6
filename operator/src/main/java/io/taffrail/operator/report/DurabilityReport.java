package io.taffrail.operator.report;

import io.taffrail.operator.crd.CommitMode;
import io.taffrail.operator.crd.LogClusterSpec;
import io.taffrail.operator.crd.LogClusterStatus.Durability;
import io.taffrail.operator.crd.LogClusterStatus.WorstCaseLoss;
import io.taffrail.operator.crd.ReplicationMode;
import io.taffrail.operator.crd.TimeSpan;
import java.time.Duration;
import java.util.List;

/// What an acknowledgement promises, computed from the spec: the contract, not a measurement.
final class DurabilityReport {
    private static final String NONE = "0s";

    private DurabilityReport() {}

    static Durability of(LogClusterSpec spec) {
        var level = spec.commitMode() + "/" + spec.replicationMode();
        if (spec.fsyncDisabled()) {
            return new Durability(
                    level,
                    List.of(
                            new WorstCaseLoss("ProcessCrash", memory(spec)),
                            new WorstCaseLoss("OneNodeLosesPower", "everything on that node"),
                            new WorstCaseLoss("AllNodesLosePower", "everything")));
        }
        return new Durability(
                level,
                List.of(
                        new WorstCaseLoss("ProcessCrash", memory(spec)),
                        new WorstCaseLoss("OneNodeLosesPower", memory(spec)),
                        new WorstCaseLoss("AllNodesLosePower", allNodes(spec))));
    }

    /// One replica forgets what it had in memory, or goes for good.
    private static String memory(LogClusterSpec spec) {
        var alone = spec.replicas() == 1;
        if (alone) {
            return spec.commitMode() == CommitMode.Sync ? NONE : window(spec);
        }
        if (spec.replicationMode() != ReplicationMode.Async) {
            return NONE;
        }
        var lag = spec.limits().replicationLag();
        var unshipped = lag.age() + " or " + lag.bytes() + " that no follower had";
        return spec.commitMode() == CommitMode.Sync ? unshipped : window(spec) + ", or " + unshipped;
    }

    private static String allNodes(LogClusterSpec spec) {
        if (spec.commitMode() == CommitMode.Async) {
            return window(spec)
                    + (spec.replicationMode() == ReplicationMode.Async && spec.replicas() > 1
                            ? ", or what the new leader had not received"
                            : "");
        }
        return spec.replicationMode() == ReplicationMode.Async && spec.replicas() > 1 ? memory(spec) : NONE;
    }

    /// An asynchronous append is flushed at the latest by the third tick of the writer.
    private static String window(LogClusterSpec spec) {
        Duration bound = TimeSpan.parse("writerDelay", spec.writerDelay()).multipliedBy(3);
        return bound.toMillis() > 0 ? bound.toMillis() + "ms" : bound.toNanos() / 1_000 + "us";
    }
}
