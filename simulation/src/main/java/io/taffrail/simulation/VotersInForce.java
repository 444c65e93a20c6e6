package io.taffrail.simulation;

import io.taffrail.replication.Replica;
import io.taffrail.replication.ReplicaStatus;
import io.taffrail.replication.codec.ControlEntryCodec;
import io.taffrail.simulation.check.FaultHistory;
import io.taffrail.simulation.check.ObservedEntry;
import io.taffrail.simulation.check.VotersByEpoch;
import io.taffrail.simulation.world.SimulatedScheduler;
import io.taffrail.wal.record.EntryType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Who votes, as far as any replica or log has shown, and how many of them may fail now. While the voters
/// change, two configurations may be in force: what is too much for one of them is too much.
public final class VotersInForce {
    private final List<ClusterNode> nodes;
    private final FaultHistory history;
    private final SimulatedScheduler scheduler;
    private final VotersByEpoch byEpoch = new VotersByEpoch();
    private long newestConfigId;
    /// In which it was appended, or a leader went on with it.
    private long newestConfigEpoch;
    private Map<Integer, UUID> newest = Map.of();
    private Map<Integer, UUID> before = Map.of();
    private Map<Integer, UUID> next = Map.of();
    /// A majority has heard of the voters: a leader that is lost does not take them with it any more.
    private boolean settled = true;

    VotersInForce(List<ClusterNode> nodes, FaultHistory history, SimulatedScheduler scheduler) {
        this.nodes = nodes;
        this.history = history;
        this.scheduler = scheduler;
    }

    /// Of the newest configuration that any replica has shown, with their volumes.
    public Map<Integer, UUID> newest() {
        return newest;
    }

    public boolean isVoter(ClusterNode node) {
        return isOneOf(newest, node);
    }

    static boolean isOneOf(Map<Integer, UUID> some, ClusterNode node) {
        var replica = node.replica();
        var storage = some.get(node.id());
        return storage != null
                && (replica == null || replica.status().storageId().equals(storage));
    }

    /// Whether the node, up or down, has the volume that votes.
    public boolean hasVotersVolume(ClusterNode node) {
        var meta = VolumeWitness.metaAsRead(node.disk());
        return meta != null && meta.storageId().equals(newest.get(node.id()));
    }

    /// The administrator asks for these voters, which may be in force at any time from now on; empty: none.
    public void changingTo(Map<Integer, UUID> voters) {
        next = voters;
    }

    // How many may fail

    /// Voters that may fail now.
    public int tolerated() {
        var known = history.tolerated();
        var withNext = next.isEmpty() ? known : Math.min(known, FaultHistory.tolerated(next.size()));
        return areSettled() ? withNext : Math.min(withNext, FaultHistory.tolerated(before.size()));
    }

    private boolean areSettled() {
        if (!settled) {
            var heard = nodes.stream()
                    .filter(node -> newest.containsKey(node.id()))
                    .map(ClusterNode::replica)
                    .filter(replica -> replica != null && replica.status().configId() >= newestConfigId)
                    .count();
            settled = 2 * heard > newest.size();
        }
        return settled;
    }

    /// Its volume as a voter; null: it is none.
    private @Nullable UUID votingStorage(int nodeId) {
        var storage = newest.get(nodeId);
        return storage != null || areSettled() ? storage : before.get(nodeId);
    }

    public boolean mayVote(ClusterNode node) {
        return votingStorage(node.id()) != null;
    }

    /// Voters besides this one that are down or may have forgotten something.
    public int uncleanOthers(ClusterNode node) {
        var count = 0;
        for (var other : nodes) {
            if (other != node && mayVote(other) && isUnclean(other)) {
                count++;
            }
        }
        return count;
    }

    private boolean isUnclean(ClusterNode voter) {
        var replica = voter.replica();
        return replica == null
                || replica.status().integrity() != ReplicaStatus.Integrity.INTACT
                || !replica.status().storageId().equals(votingStorage(voter.id()))
                || history.isUnclean(voter.id())
                || history.isDamaged(voter.id());
    }

    /// Whether more volumes have failed, and their own replicas do not trust them, than there may.
    boolean mayHaveHalted() {
        var suspect = 0;
        for (var node : nodes) {
            var replica = node.replica();
            var storage = votingStorage(node.id());
            if (storage != null
                    && history.wasEverDamaged(node.id())
                    && (replica == null
                            || !replica.status().storageId().equals(storage)
                            || replica.status().integrity() == ReplicaStatus.Integrity.SUSPECT)) {
                suspect++;
            }
        }
        return suspect > tolerated() || nodes.stream().anyMatch(node -> node.damageLasts);
    }

    // By whom a leader counts

    /// The configurations by which the replica may count if it leads.
    List<Map<Integer, UUID>> countedBy(@Nullable Replica replica) {
        if (replica == null || !byEpoch.wasOvertaken(replica.status().epoch())) {
            return List.of(newest, before, next);
        }
        // An overtaken leader may come to what it was asked for only now.
        var inForce = new ArrayList<>(byEpoch.of(replica.status().epoch(), members(replica.status())));
        inForce.add(next);
        return inForce;
    }

    static List<Set<Integer>> nodesOf(List<Map<Integer, UUID>> configurations) {
        var nodes = new ArrayList<Set<Integer>>(configurations.size());
        configurations.forEach(voters -> nodes.add(voters.keySet()));
        return nodes;
    }

    /// Whether a leader needs another voter, by the newest configuration and by the one before.
    boolean areSeveral() {
        return newest.size() > 1 && before.size() > 1;
    }

    // What is shown

    /// An entry of any log: it may be a configuration.
    void found(ObservedEntry entry) {
        var control = entry.control();
        if (entry.header().type() == EntryType.CONFIG && control != null) {
            var configuration = ControlEntryCodec.configuration(control.duplicate());
            if (isNewer(entry.header().epoch(), configuration.id())) {
                var members = new TreeMap<Integer, UUID>();
                configuration.voters().forEach(voter -> members.put(voter.nodeId(), voter.storageId()));
                configured(entry.header().epoch(), configuration.id(), members);
            }
        }
    }

    void shown(ReplicaStatus status) {
        var leads =
                status.state() == ReplicaStatus.State.LEADER_OPENING || status.state() == ReplicaStatus.State.LEADER;
        // What a follower has may be cut off; it was its leader's before. Only the first of all is nobody's.
        var epoch = leads ? status.epoch() : 0;
        if (isNewer(epoch, status.configId())) {
            configured(epoch, status.configId(), members(status));
        }
    }

    private static Map<Integer, UUID> members(ReplicaStatus status) {
        var members = new TreeMap<Integer, UUID>();
        status.voters().forEach(voter -> members.put(voter.nodeId(), voter.storageId()));
        return members;
    }

    /// What is cut off with a deposed leader's tail gives its number back: the epoch counts first.
    private boolean isNewer(long epoch, long id) {
        return epoch > newestConfigEpoch || (epoch == newestConfigEpoch && id > newestConfigId);
    }

    /// In force from the moment that it is appended.
    private void configured(long epoch, long id, Map<Integer, UUID> members) {
        newestConfigEpoch = epoch;
        if (id == newestConfigId && members.equals(newest)) {
            byEpoch.configured(epoch, newest, before);
            return;
        }
        newestConfigId = id;
        before = newest;
        newest = members;
        byEpoch.configured(epoch, newest, before);
        settled = before.isEmpty();
        scheduler.note("configuration " + newestConfigId + ": voters " + newest.keySet());
        history.voters(scheduler.nowNanos(), newest.keySet());
    }
}
