package io.taffrail.simulation;

import io.taffrail.replication.codec.ReplicaMeta;
import io.taffrail.replication.protocol.Eviction;
import io.taffrail.simulation.check.Checks;
import io.taffrail.simulation.fault.FaultBudget;
import io.taffrail.simulation.world.SimulatedDisk;
import io.taffrail.simulation.world.SimulatedScheduler;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Volumes that are brought back to what they were. All others know one to be older if they have heard of a later
/// process of it, and then it must take no part.
public final class OlderVolumes {
    private final NodeLives lives;
    private final Volumes volumes;
    private final List<ClusterNode> nodes;
    private final FaultBudget budget;
    private final VolumeDamage damage;
    private final Checks checks;
    private final Coverage coverage;
    private final SimulatedScheduler scheduler;

    OlderVolumes(
            NodeLives lives,
            Volumes volumes,
            List<ClusterNode> nodes,
            FaultBudget budget,
            VolumeDamage damage,
            Checks checks,
            Coverage coverage,
            SimulatedScheduler scheduler) {
        this.lives = lives;
        this.volumes = volumes;
        this.nodes = nodes;
        this.budget = budget;
        this.damage = damage;
        this.checks = checks;
        this.coverage = coverage;
        this.scheduler = scheduler;
    }

    /// The node is down, and its volume is brought back to what it was. All others notice who have heard of a later
    /// process of it than the next one will take itself for. If none of them could, since it is a copy of what the
    /// last process has left behind, the volume has lost what was flushed since, and nothing tells. Returns false
    /// and changes nothing where it is neither: of a promise that is forgotten nothing is promised.
    public boolean restore(ClusterNode node, SimulatedDisk older) {
        var then = new VolumeWitness(older).meta();
        var now = new VolumeWitness(node.disk).meta();
        if (then == null || now == null || !then.storageId().equals(now.storageId())) {
            return false;
        }
        var noticed = allOthersKnow(node, then);
        var unknown = then.incarnation() == now.incarnation()
                && then.hard().promisedEpoch() == now.hard().promisedEpoch()
                && then.hard().suspect() == now.hard().suspect();
        if (!noticed && (!unknown || budget == FaultBudget.WITHIN_PROMISE)) {
            return false;
        }
        scheduler.note("node " + node.id() + " gets an older copy of its volume, of incarnation " + then.incarnation()
                + ", now " + now.incarnation());
        coverage.count(noticed ? "older volume that all know to be one" : "older volume that nobody can know of");
        older.behaviour(node.disk.behaviour());
        node.disk = older;
        node.mustNoticeLsn = -1;
        node.isOlder = noticed;
        // The copy may have been made while an old segment was bad.
        node.rots = !VolumeWitness.isWhole(older, new VolumeWitness(older).logEndLsn());
        damage.touched(node);
        checks.epochs().forget(node.id());
        checks.configurations().forget(node.id());
        if (noticed) {
            checks.incarnations().forget(now.storageId());
            damage.damaged(node);
        } else {
            damage.silentlyDamaged(node, new VolumeWitness(older).logEndLsn());
        }
        return true;
    }

    /// That the next process on a volume that says this is not its newest: durably, and it is told so when it begins to
    /// speak with them.
    private boolean allOthersKnow(ClusterNode node, ReplicaMeta meta) {
        return nodes.stream().allMatch(other -> other == node || hasHeardOfLater(other, meta));
    }

    private static boolean hasHeardOfLater(ClusterNode other, ReplicaMeta meta) {
        var known = new VolumeWitness(other.ownDisk()).meta();
        return known != null
                && known.hard().standing().seen().stream()
                        .anyMatch(seen -> seen.storageId().equals(meta.storageId())
                                && seen.incarnation() > meta.incarnation() + 1);
    }

    /// Somebody joins who has heard of nobody: what is older and was not told so yet is not left to that.
    void replaceAll() {
        for (var node : nodes) {
            if (node.isOlder && !isEvicted(new VolumeWitness(node.ownDisk()).meta())) {
                lives.crash(node, "an older copy that not all would know of");
                volumes.replace(node);
                scheduler.after(0, () -> lives.start(node));
            }
        }
    }

    private static boolean isEvicted(@Nullable ReplicaMeta meta) {
        return meta != null && meta.hard().standing().eviction() != Eviction.NONE;
    }

    /// One that is started again and again before anybody tells it comes to the incarnation that the others know. It
    /// counts on from what it reads, even if that was not durable when the process before was killed.
    void replaceIfItCatchesUp(ClusterNode node) {
        var meta = VolumeWitness.metaAsRead(node.ownDisk());
        if (node.isOlder && !isEvicted(meta) && meta != null && !allOthersKnow(node, meta)) {
            coverage.count("older volume that nobody told in time");
            volumes.replace(node);
        }
    }
}
