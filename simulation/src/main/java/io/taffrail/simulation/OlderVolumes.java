package io.taffrail.simulation;

import io.taffrail.replication.ReplicaStatus;
import io.taffrail.replication.codec.ReplicaMeta;
import io.taffrail.replication.protocol.Eviction;
import io.taffrail.simulation.check.InvariantViolation;
import io.taffrail.simulation.fault.FaultBudget;
import io.taffrail.simulation.world.SimulatedDisk;
import org.jspecify.annotations.Nullable;

/// Volumes that are brought back to what they were. All others know one to be older if they have heard of a later
/// process of it, and then it must take no part.
public final class OlderVolumes {
    private final SimulatedCluster cluster;

    OlderVolumes(SimulatedCluster cluster) {
        this.cluster = cluster;
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
        if (!noticed && (!unknown || cluster.options().budget() == FaultBudget.WITHIN_PROMISE)) {
            return false;
        }
        cluster.scheduler()
                .note("node " + node.id() + " gets an older copy of its volume, of incarnation " + then.incarnation()
                        + ", now " + now.incarnation());
        cluster.coverage()
                .count(noticed ? "older volume that all know to be one" : "older volume that nobody can know of");
        older.behaviour(node.disk.behaviour());
        node.disk = older;
        node.mustNoticeLsn = -1;
        node.isOlder = noticed;
        // The copy may have been made while an old segment was bad.
        node.rots = !VolumeWitness.isWhole(older, new VolumeWitness(older).logEndLsn());
        cluster.touched(node);
        var checks = cluster.checks();
        checks.epochs().forget(node.id());
        checks.configurations().forget(node.id());
        if (noticed) {
            checks.incarnations().forget(now.storageId());
            cluster.damaged(node);
        } else {
            cluster.silentlyDamaged(node, new VolumeWitness(older).logEndLsn());
        }
        return true;
    }

    /// That the next process on a volume that says this is not its newest: durably, and it is told so when it begins to
    /// speak with them.
    private boolean allOthersKnow(ClusterNode node, ReplicaMeta meta) {
        return cluster.nodes().stream().allMatch(other -> other == node || hasHeardOfLater(other, meta));
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
        for (var node : cluster.nodes()) {
            if (node.isOlder && !isEvicted(new VolumeWitness(node.ownDisk()).meta())) {
                cluster.crash(node, "an older copy that not all would know of");
                cluster.replaceVolume(node);
                cluster.scheduler().after(0, () -> cluster.start(node));
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
            cluster.coverage().count("older volume that nobody told in time");
            cluster.replaceVolume(node);
        }
    }

    void check(ClusterNode node, SimulatedProcess process, ReplicaStatus status) {
        if (!node.isOlder) {
            return;
        }
        if (status.integrity() == ReplicaStatus.Integrity.EVICTED) {
            cluster.coverage().count("older volume evicted");
            return;
        }
        if (status.state() == ReplicaStatus.State.LEADER
                || status.state() == ReplicaStatus.State.LEADER_OPENING
                || status.detail().startsWith("follows")) {
            throw new InvariantViolation(
                    "OlderVolumesAreNoticed",
                    "%s runs on an older copy of its volume, which all others know of, and takes part: %s"
                            .formatted(process, status));
        }
    }
}
