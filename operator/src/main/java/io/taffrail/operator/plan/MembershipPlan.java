package io.taffrail.operator.plan;

import io.taffrail.operator.observe.ObservedReplica;
import io.taffrail.operator.observe.ObservedReplica.Follower;
import io.taffrail.operator.observe.ObservedReplica.Integrity;
import io.taffrail.operator.plan.Action.VoterStep;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/// Voters and pods. A pod joins before it votes, and stops voting before it goes; one voter changes at a time.
final class MembershipPlan {
    /// A learner this close is promoted; the leader refuses it if its disk is not there yet.
    static final long PROMOTION_LAG_BYTES = 1 << 20;

    private MembershipPlan() {}

    static void plan(Draft draft) {
        var leader = draft.seen.leader();
        var set = draft.seen.statefulSet();
        if (set == null) {
            return;
        }
        if (leader.isEmpty()) {
            // More pods never harm: they wait to be let in. Fewer might, so that needs a leader's word.
            var needed = LifecyclePlan.podsNeeded(draft);
            if (set.replicas() > 0 && set.replicas() < needed) {
                draft.act(new Action.ScalePods(needed));
            }
            draft.waitFor("NoLeader", "no replica leads: voters are neither added nor removed");
            return;
        }
        scale(draft, leader.get(), set.replicas());
        if (!draft.disruptive()) {
            changeVoters(draft, leader.get());
        }
    }

    private static void scale(Draft draft, ObservedReplica leader, int pods) {
        var members = new TreeSet<>(leader.voters().keySet());
        members.addAll(leader.learners().keySet());
        var needed = Math.max(draft.spec.replicas(), members.isEmpty() ? 0 : Collections.max(members) + 1);
        if (pods < needed) {
            draft.act(new Action.ScalePods(needed));
        } else if (pods > needed) {
            draft.disrupt(new Action.ScalePods(needed));
        }
    }

    private static void changeVoters(Draft draft, ObservedReplica leader) {
        var wanted = draft.spec.replicas();
        var replaced = replaced(draft, leader);
        if (replaced.isPresent()) {
            remove(draft, leader, replaced.get());
            return;
        }
        var leaving =
                leader.voters().keySet().stream().filter(node -> node >= wanted).max(Comparator.naturalOrder());
        if (leaving.isPresent()) {
            remove(draft, leader, leaving.get());
            return;
        }
        var strayLearner = leader.learners().entrySet().stream()
                .filter(learner -> learner.getKey() >= wanted || isReplaced(draft, learner))
                .map(Map.Entry::getKey)
                .max(Comparator.naturalOrder());
        if (strayLearner.isPresent()) {
            change(draft, leader, new VoterStep.RemoveLearner(strayLearner.get()));
            return;
        }
        // One that cannot join, or copies for long, keeps no other out.
        for (var node = 0; node < wanted && !draft.disruptive(); node++) {
            if (!leader.voters().containsKey(node)) {
                join(draft, leader, node);
            }
        }
    }

    private static void join(Draft draft, ObservedReplica leader, int node) {
        if (leader.learners().containsKey(node)) {
            var follower = leader.followers().get(node);
            if (follower != null && follower.connected() && close(follower)) {
                change(draft, leader, new VoterStep.Promote(node));
            } else {
                draft.waitFor("LearnerCatchingUp", draft.podName(node) + " copies the log before it votes");
            }
            return;
        }
        var replica = draft.replica(node);
        if (replica.filter(ObservedReplica::opened).isEmpty()) {
            draft.waitFor("WaitingForReplicas", "it is to join: " + draft.unheard(node));
        } else if (replica.get().integrity() == Integrity.EVICTED) {
            draft.refuse(
                    "VolumeGivenUp",
                    draft.podName(node) + " holds a log that was given up ("
                            + replica.get().detail()
                            + "): delete its claim and then the pod, and it joins with an empty volume");
        } else {
            change(draft, leader, new VoterStep.AddLearner(node, replica.get().storageId()));
        }
    }

    private static boolean close(Follower follower) {
        return follower.inSync() || follower.lagBytes() <= PROMOTION_LAG_BYTES;
    }

    /// A voter whose volume is another one now. It has forgotten what it promised, so it must not vote under its old
    /// name: it leaves, and joins again as a learner.
    private static Optional<Integer> replaced(Draft draft, ObservedReplica leader) {
        return leader.voters().entrySet().stream()
                .filter(voter -> isReplaced(draft, voter))
                .map(Map.Entry::getKey)
                .max(Comparator.naturalOrder());
    }

    /// @param member a node and the storage with which it became one
    private static boolean isReplaced(Draft draft, Map.Entry<Integer, String> member) {
        return draft.replica(member.getKey())
                .filter(ObservedReplica::empty)
                .filter(replica -> !replica.storageId().equals(member.getValue()))
                .isPresent();
    }

    private static void remove(Draft draft, ObservedReplica leader, int node) {
        var staying = new TreeSet<>(leader.voters().keySet());
        staying.remove(node);
        if (node == leader.nodeId()) {
            mostCaughtUp(leader, staying.headSet(draft.spec.replicas()))
                    .ifPresentOrElse(
                            target -> draft.disrupt(new Action.TransferLeadership(node, target)),
                            () -> draft.waitFor(
                                    "NoSuccessor",
                                    draft.podName(node) + " leads and is to leave: no remaining follower is in sync"));
            return;
        }
        var inSync = staying.stream()
                .filter(voter -> voter == leader.nodeId() || caughtUp(leader, voter))
                .count();
        if (inSync < majority(staying)) {
            draft.refuse(
                    "RemovalUnsafe",
                    "removing " + draft.podName(node) + " would leave " + inSync + " of " + staying.size()
                            + " voters in sync, a majority is needed: bring the others back first");
            return;
        }
        change(draft, leader, new VoterStep.RemoveVoter(node));
    }

    private static void change(Draft draft, ObservedReplica leader, VoterStep step) {
        draft.disrupt(new Action.ChangeVoters(leader.nodeId(), leader.configId(), step));
    }

    static boolean caughtUp(ObservedReplica leader, int node) {
        var follower = leader.followers().get(node);
        return follower != null && follower.caughtUp();
    }

    static Optional<Integer> mostCaughtUp(ObservedReplica leader, Collection<Integer> among) {
        return among.stream()
                .filter(node -> caughtUp(leader, node))
                .max(Comparator.comparingLong((Integer node) -> flushedLsn(leader, node))
                        .thenComparing(Comparator.reverseOrder()));
    }

    private static long flushedLsn(ObservedReplica leader, int node) {
        var follower = leader.followers().get(node);
        return follower == null ? 0 : follower.flushedLsn();
    }

    static int majority(Collection<Integer> voters) {
        return voters.size() / 2 + 1;
    }
}
