package io.taffrail.simulation.workload;

import io.taffrail.replication.CommandOutcome;
import io.taffrail.replication.ForcedRecoveryRequest;
import io.taffrail.replication.Peer;
import io.taffrail.replication.RecoveryPlan;
import io.taffrail.replication.Replica;
import io.taffrail.replication.ReplicaStatus;
import io.taffrail.replication.VoterChange;
import io.taffrail.simulation.ClusterNode;
import io.taffrail.simulation.SimulatedCluster;
import io.taffrail.simulation.SimulationOptions;
import io.taffrail.simulation.check.FaultHistory;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Brings the cluster's members to what is wanted, one change at a time, as an operator does: it looks at the leader,
/// asks for the next step, and looks again. A voter whose volume is another one is removed and added anew. In some runs
/// a second one undoes at once what this one has asked for.
public final class Administrator {
    private static final long EVERY_NANOS = 200 * SimulationOptions.MILLI;
    private static final long PATIENCE_NANOS = 20 * SimulationOptions.SECOND;
    private static final int RECOVERY_LOOKS = 300;
    /// Without a leader by then, the person takes it that the recovery has come to nothing, and decides again.
    private static final int LOOKS_A_DECISION = 50;

    private final SimulatedCluster cluster;
    private final SplittableRandom second;
    private final boolean contested;
    private final SplittableRandom recoveries;
    private Set<Integer> wanted;
    private long requests;
    private long transfers;
    private long askedAtNanos;
    private boolean asking;

    public Administrator(SimulatedCluster cluster) {
        this.cluster = cluster;
        var initial = new TreeSet<Integer>();
        for (var id = 0; id < cluster.options().nodes(); id++) {
            initial.add(id);
        }
        wanted = initial;
        second = cluster.randomness().named("second administrator");
        contested = second.nextInt(3) == 0;
        recoveries = cluster.randomness().named("recoveries");
    }

    public void start() {
        cluster.scheduler().after(EVERY_NANOS, () -> {
            step();
            start();
        });
    }

    public Set<Integer> wanted() {
        return wanted;
    }

    /// Times that a leader was asked to hand over, since it is to leave.
    public long transfers() {
        return transfers;
    }

    /// These nodes are to be the voters.
    public void want(Set<Integer> nodeIds) {
        wanted = new TreeSet<>(nodeIds);
    }

    /// Whether the voters are those that are wanted, each with the volume that its node has now.
    public boolean isDone() {
        var leader = cluster.leader();
        var replica = leader == null ? null : leader.replica();
        return leader != null && replica != null && !asking && next(leader, replica.status()) == null;
    }

    /// A majority of the voters is gone for good. A person has the plan shown, by the survivor whose log is to go on,
    /// and orders what it says; asks again until somebody leads.
    public void recover(ClusterNode survivor, List<Integer> survivors) {
        recover(survivor, survivors, decision(), RECOVERY_LOOKS);
    }

    private UUID decision() {
        return new UUID(recoveries.nextLong(), recoveries.nextLong());
    }

    private void recover(ClusterNode survivor, List<Integer> survivors, UUID request, int looks) {
        var replica = survivor.replica();
        if (cluster.leader() != null || looks == 0) {
            return;
        }
        if (!cluster.voters().newest().keySet().containsAll(survivors)) {
            // The last leader had removed one: who the voters are is recorded, whoever of them is lost.
            cluster.coverage().count("a survivor was no voter any more");
            return;
        }
        if (replica != null && replica.status().voters().size() > survivors.size() && majorityIsBack()) {
            return;
        }
        if (replica != null) {
            replica.planRecovery(survivors, plan -> {
                switch (plan) {
                    case RecoveryPlan.Refused _ -> cluster.coverage().count("plan of a forced recovery refused");
                    case RecoveryPlan.Possible possible -> {
                        // The plan may have been long in coming.
                        if (!majorityIsBack()) {
                            force(survivor, replica, possible, survivors, request);
                        }
                    }
                }
            });
        }
        var next = looks % LOOKS_A_DECISION == 1 ? decision() : request;
        cluster.scheduler().after(EVERY_NANOS, () -> recover(survivor, survivors, next, looks - 1));
    }

    /// A person who looks sees whether those that were to be given up can elect, or soon can.
    private boolean majorityIsBack() {
        var back = cluster.nodes().stream()
                .filter(node -> cluster.voters().hasVotersVolume(node) && !node.isHeld())
                .count();
        if (back <= cluster.voters().newest().size() / 2) {
            return false;
        }
        cluster.coverage().count("a majority was back before it was given up");
        return true;
    }

    private void force(
            ClusterNode survivor, Replica replica, RecoveryPlan.Possible plan, List<Integer> survivors, UUID request) {
        cluster.histories().givesUp(survivor, plan, cluster.voters().newest().keySet(), survivors);
        replica.forceRecovery(
                new ForcedRecoveryRequest(plan.clusterId(), request, survivors, plan.lastLsn()), outcome -> {
                    cluster.coverage()
                            .count("forced recovery " + outcome.getClass().getSimpleName());
                    if (outcome instanceof CommandOutcome.Refused) {
                        cluster.histories().givesNothingUp();
                    }
                });
    }

    /// What was given up, or was an older copy, is of no use any more: the volume is emptied and joins anew.
    private void emptyEvicted() {
        for (var node : cluster.nodes()) {
            var replica = node.replica();
            if (replica != null
                    && !node.exchanged()
                    && replica.status().integrity() == ReplicaStatus.Integrity.EVICTED) {
                cluster.coverage().count("volume of an evicted replica emptied");
                cluster.lives().crash(node, "it is evicted");
                cluster.volumes().replace(node);
                cluster.lives().start(node);
            }
        }
    }

    private void step() {
        emptyEvicted();
        var now = cluster.scheduler().nowNanos();
        if (asking && now - askedAtNanos < PATIENCE_NANOS) {
            return;
        }
        asking = false;
        cluster.voters().changingTo(Map.of());
        var leader = cluster.leader();
        var replica = leader == null ? null : leader.replica();
        if (leader == null || replica == null) {
            return;
        }
        var status = replica.status();
        var change = next(leader, status);
        if (change == null) {
            return;
        }
        asking = true;
        askedAtNanos = now;
        var request = ++requests;
        switch (change) {
            case Change.Transfer _ -> {
                transfers++;
                replica.transferLeadership(-1, outcome -> answered(request, "transfer before removal", outcome));
            }
            case Change.Voters(String what, VoterChange asked) -> {
                cluster.voters().changingTo(votersAfter(status, asked));
                replica.changeVoters(status.configId(), asked, outcome -> answered(request, what, outcome));
                if (contested && asked instanceof VoterChange.AddLearner(Peer learner) && second.nextBoolean()) {
                    var soon = second.nextLong(2 * SimulationOptions.MILLI);
                    cluster.scheduler().after(soon, () -> undo(leader, learner.nodeId()));
                }
            }
        }
    }

    private void answered(long request, String what, CommandOutcome outcome) {
        cluster.coverage().count(what + " " + outcome.getClass().getSimpleName());
        if (request == requests) {
            asking = false;
            cluster.voters().changingTo(Map.of());
        }
    }

    /// Another administrator wants none of it, at once.
    private void undo(ClusterNode leader, int learner) {
        var replica = leader.replica();
        if (replica != null) {
            replica.changeVoters(
                    replica.status().configId(),
                    new VoterChange.RemoveLearner(learner),
                    outcome -> cluster.coverage()
                            .count("learner removed at once "
                                    + outcome.getClass().getSimpleName()));
        }
    }

    private sealed interface Change {
        record Transfer() implements Change {}

        record Voters(String what, VoterChange change) implements Change {}
    }

    private static Map<Integer, UUID> votersAfter(ReplicaStatus status, VoterChange change) {
        var after = new TreeMap<Integer, UUID>();
        status.voters().forEach(voter -> after.put(voter.nodeId(), voter.storageId()));
        switch (change) {
            case VoterChange.RemoveVoter(int nodeId) -> after.remove(nodeId);
            case VoterChange.PromoteLearner(int nodeId) ->
                status.learners().stream()
                        .filter(learner -> learner.nodeId() == nodeId)
                        .forEach(learner -> after.put(nodeId, learner.storageId()));
            case VoterChange.AddLearner _, VoterChange.RemoveLearner _ -> {}
        }
        return after;
    }

    private @Nullable Change next(ClusterNode leader, ReplicaStatus status) {
        var voters = status.voters().size();
        for (var learner : status.learners()) {
            var node = cluster.nodes().get(learner.nodeId());
            if (!wanted.contains(learner.nodeId()) || isReplaced(node, learner.storageId())) {
                return new Change.Voters("learner removed", new VoterChange.RemoveLearner(learner.nodeId()));
            }
            if (caughtUp(status, learner.nodeId())) {
                return new Change.Voters("learner promoted", new VoterChange.PromoteLearner(learner.nodeId()));
            }
        }
        for (var voter : status.voters()) {
            var node = cluster.nodes().get(voter.nodeId());
            if (voter.nodeId() != leader.id() && isReplaced(node, voter.storageId())) {
                return new Change.Voters("replaced voter removed", new VoterChange.RemoveVoter(voter.nodeId()));
            }
        }
        for (var id : wanted) {
            var node = cluster.nodes().get(id);
            var known = status.voters().stream().anyMatch(voter -> voter.nodeId() == id)
                    || status.learners().stream().anyMatch(learner -> learner.nodeId() == id);
            if (!known && node.replica() != null) {
                return new Change.Voters("learner added", new VoterChange.AddLearner(node.peer()));
            }
        }
        for (var voter : status.voters()) {
            var node = cluster.nodes().get(voter.nodeId());
            if (wanted.contains(voter.nodeId())) {
                continue;
            }
            if (voter.nodeId() == leader.id()) {
                return voters > 1 ? new Change.Transfer() : null;
            }
            if (mayRemove(node, voters)) {
                return new Change.Voters("voter removed", new VoterChange.RemoveVoter(voter.nodeId()));
            }
        }
        return null;
    }

    private static boolean isReplaced(ClusterNode node, UUID storageId) {
        var replica = node.replica();
        return replica != null && !replica.status().storageId().equals(storageId);
    }

    private static boolean caughtUp(ReplicaStatus status, int nodeId) {
        return status.followers().stream()
                .anyMatch(follower -> follower.nodeId() == nodeId
                        && follower.inSync()
                        && follower.integrity() == ReplicaStatus.Integrity.INTACT);
    }

    /// Those that stay must be able to do without whoever is down already.
    private boolean mayRemove(ClusterNode node, int voters) {
        return cluster.voters().uncleanOthers(node) <= FaultHistory.tolerated(voters - 1);
    }
}
