package io.taffrail.simulation;

import io.taffrail.replication.RecoveryPlan;
import io.taffrail.replication.ReplicaStatus;
import io.taffrail.simulation.check.Checks;
import io.taffrail.simulation.check.ObservedLog;
import io.taffrail.simulation.world.SimulatedScheduler;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Which history the cluster's log belongs to. A forced recovery begins another one and gives up what the survivor's
/// log does not hold, and the volumes of the voters that it does not name.
public final class Histories {
    private final List<ClusterNode> nodes;
    private final boolean trims;
    private final Checks checks;
    private final Coverage coverage;
    private final SimulatedScheduler scheduler;
    private @Nullable UUID current;
    private @Nullable GivingUp givingUp;
    private boolean hasGivenUp;

    /// A forced recovery that was asked for, and has not begun another history yet.
    private record GivingUp(ClusterNode survivor, RecoveryPlan.Possible plan, boolean isAlone, long atNanos) {}

    /// @param trims whether retention takes what streams no longer keep
    Histories(List<ClusterNode> nodes, boolean trims, Checks checks, Coverage coverage, SimulatedScheduler scheduler) {
        this.nodes = nodes;
        this.trims = trims;
        this.checks = checks;
        this.coverage = coverage;
        this.scheduler = scheduler;
    }

    /// A person asks for what the plan says: the survivor's log goes on, and the voters that are not named never come
    /// back with the volumes that they have, whatever becomes of the request.
    public void givesUp(
            ClusterNode survivor, RecoveryPlan.Possible plan, Set<Integer> voters, List<Integer> survivors) {
        givingUp = new GivingUp(survivor, plan, survivors.size() == 1, scheduler.nowNanos());
        for (var node : nodes) {
            node.givenUp |= voters.contains(node.id()) && !survivors.contains(node.id());
        }
    }

    /// The request was refused.
    public void givesNothingUp() {
        givingUp = null;
        nodes.forEach(node -> node.givenUp = false);
    }

    /// Whether a forced recovery has taken place.
    public boolean hasGivenUp() {
        return hasGivenUp;
    }

    /// Whether the node belongs to a history that a forced recovery has replaced.
    boolean isOfFormer(ClusterNode node) {
        return node.historyId != null && !node.historyId.equals(current);
    }

    /// The first that shows another history is the survivor: what its log does not hold is given up from now on.
    ///
    /// @param log the node's; null: it cannot be read now
    void follow(ClusterNode node, ReplicaStatus status, Supplier<@Nullable ObservedLog> log) {
        var before = node.historyId;
        var now = status.historyId();
        if (now == null || now.equals(before)) {
            return;
        }
        node.historyId = now;
        if (before != null) {
            coverage.count("replica changed to another history");
        }
        var asked = givingUp;
        if (current == null) {
            current = now;
        } else if (asked != null && node == asked.survivor && !now.equals(asked.plan.historyId())) {
            begin(now, asked, log);
        }
        if (hasGivenUp && now.equals(current)) {
            // With the volume that it had: it was let in again before it was told to empty it.
            node.givenUp = false;
        }
    }

    private void begin(UUID next, GivingUp asked, Supplier<@Nullable ObservedLog> survivorsLog) {
        var plan = asked.plan;
        scheduler.note("node " + asked.survivor.id() + " begins another history, its log ends at " + plan.lastLsn());
        coverage.count("history given up");
        if (asked.isAlone && asked.survivor.rots && !trims) {
            coverage.count("what rotted was given up elsewhere, and is never trimmed");
            asked.survivor.damageLasts = true;
        }
        current = next;
        givingUp = null;
        hasGivenUp = true;
        checks.ledger().givenUp(asked.atNanos, plan.lastLsn(), plan.lastEpoch());
        var log = survivorsLog.get();
        if (log != null) {
            checks.agreement().givenUp(log);
        }
    }
}
