package io.taffrail.operator.plan;

import io.taffrail.operator.observe.ObservedCluster.Pod;
import io.taffrail.operator.observe.ObservedCluster.PodSet;
import io.taffrail.operator.observe.ObservedReplica;
import io.taffrail.operator.observe.ObservedReplica.State;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/// Restarts pods whose template has changed: followers first, one at a time, the leader last and only after it has
/// handed over. The pods' own controller never does it (the update strategy is OnDelete).
final class RollingPlan {
    private final Duration settleTime;

    RollingPlan(Duration settleTime) {
        this.settleTime = settleTime;
    }

    void plan(Draft draft) {
        var set = draft.seen.statefulSet();
        if (set == null || draft.disruptive()) {
            return;
        }
        var staying =
                draft.seen.pods().stream().filter(pod -> !pod.terminating()).count();
        if (staying < set.replicas()) {
            draft.waitFor("PodsStarting", staying + " of " + set.replicas() + " pods are there");
        }
        var outdated = outdated(draft, set);
        if (outdated.isEmpty() || replacesBroken(draft, outdated)) {
            return;
        }
        var leader = draft.seen.leader();
        if (leader.isEmpty()) {
            draft.waitFor("NoLeader", "pods wait for their restart: no replica leads");
        } else if (everyoneIsIn(draft, leader.get())) {
            next(draft, leader.get(), outdated);
        }
    }

    /// Where there is no cluster to manage: it may be pods that cannot start, as they were asked for before, that keep
    /// it from being made.
    static void planBroken(Draft draft) {
        var set = draft.seen.statefulSet();
        if (set == null || draft.disruptive()) {
            return;
        }
        replacesBroken(draft, outdated(draft, set));
    }

    private static List<Pod> outdated(Draft draft, PodSet set) {
        var outdated = draft.seen.pods().stream()
                .filter(pod -> !pod.terminating() && !pod.template().equals(set.liveTemplate()))
                .toList();
        if (!outdated.isEmpty()) {
            draft.pending(
                    "Restart",
                    "PodsOutdated",
                    names(outdated)
                            + " restart one after the other, followers first, each when all voters are in sync");
        }
        return outdated;
    }

    private static boolean replacesBroken(Draft draft, List<Pod> outdated) {
        var broken = outdated.stream()
                .filter(pod ->
                        isBroken(draft, pod) && !draft.seen.podsLosingVolumes().contains(pod))
                .max(Comparator.comparingInt(Pod::ordinal));
        broken.ifPresent(pod -> restart(draft, pod, "its container does not run: " + pod.waitingFor()));
        return broken.isPresent();
    }

    /// It serves nobody: replacing it takes nothing away, unless its volume goes with it. Also where what it waits
    /// for may pass by itself: its successor waits no longer. One that answers has started since it was looked at.
    private static boolean isBroken(Draft draft, Pod pod) {
        return pod.waitingFor() != null && draft.replica(pod.ordinal()).isEmpty();
    }

    private void next(Draft draft, ObservedReplica leader, List<Pod> outdated) {
        var follower = outdated.stream()
                .filter(pod -> pod.ordinal() != leader.nodeId()
                        && othersHaveTheLog(draft, leader, pod)
                        && leavesEnough(draft, leader, pod))
                .max(Comparator.comparingInt(Pod::ordinal));
        if (follower.isPresent()) {
            restart(draft, follower.get(), "its template changed");
            return;
        }
        var others = leader.voters().keySet().stream()
                .filter(node -> node != leader.nodeId())
                .toList();
        var voters = leader.voters().keySet();
        if (outdated.stream().anyMatch(pod -> !leavesEnough(draft, leader, pod))) {
            draft.waitFor(
                    "ReplicaNotInSync",
                    "%s of %s replicas vote: none of them is restarted before another one does"
                            .formatted(voters.size(), draft.spec.replicas()));
            return;
        }
        if (outdated.stream().noneMatch(pod -> pod.ordinal() == leader.nodeId())) {
            return;
        }
        if (others.isEmpty()) {
            if (!draft.seen.podsLosingVolumes().contains(outdated.getFirst())) {
                restart(draft, outdated.getFirst(), "its template changed; it is the only replica");
            }
            return;
        }
        MembershipPlan.mostCaughtUp(leader, others)
                .ifPresent(target -> draft.disrupt(new Action.TransferLeadership(leader.nodeId(), target)));
    }

    /// Whose volume goes with it comes back as nobody's voter. What is left has to be a majority, and the one before it
    /// that went so has to vote again.
    private static boolean othersHaveTheLog(Draft draft, ObservedReplica leader, Pod pod) {
        if (!draft.seen.podsLosingVolumes().contains(pod)) {
            return true;
        }
        var voters = leader.voters().keySet();
        var asked = IntStream.range(0, draft.spec.replicas());
        return voters.size() > 2 && asked.allMatch(voters::contains);
    }

    /// While a voter is being replaced the others may be just a majority. Where no more are asked for, it gets no
    /// better.
    private static boolean leavesEnough(Draft draft, ObservedReplica leader, Pod pod) {
        var voters = leader.voters().keySet();
        return !voters.contains(pod.ordinal()) || voters.size() > 2 || voters.size() >= draft.spec.replicas();
    }

    private boolean everyoneIsIn(Draft draft, ObservedReplica leader) {
        // Also one that does not vote: its pod may be the next.
        for (var replica : draft.seen.replicas().values()) {
            if (replica.state() == State.RECOVERING) {
                draft.waitFor(
                        "ReplicaRecovering",
                        draft.podName(replica.nodeId()) + " recovers (" + replica.recoveryPercent()
                                + " %): no pod is restarted before it is back");
                return false;
            }
        }
        for (var node : leader.voters().keySet().stream().sorted().toList()) {
            if (node != leader.nodeId() && !MembershipPlan.caughtUp(leader, node)) {
                draft.waitFor(
                        "ReplicaNotInSync", draft.podName(node) + " is not in sync: no pod is restarted before it is");
                return false;
            }
            var pod = draft.seen.pod(node);
            var readySince = pod.isPresent() && pod.get().ready() ? pod.get().readySince() : null;
            if (readySince == null) {
                draft.waitFor("PodNotReady", draft.podName(node) + " is not ready: no pod is restarted before it is");
                return false;
            }
            if (readySince.plus(settleTime).isAfter(draft.now)) {
                draft.waitFor(
                        "Settling",
                        draft.podName(node) + " is ready since " + readySince + ": the next restart follows "
                                + settleTime.toSeconds() + " s after that");
                return false;
            }
        }
        return true;
    }

    private static void restart(Draft draft, Pod pod, String reason) {
        draft.disrupt(new Action.RestartPod(pod.name(), pod.uid(), reason));
    }

    private static String names(List<Pod> pods) {
        return String.join(", ", pods.stream().map(Pod::name).toList());
    }
}
