package io.taffrail.operator.plan;

import io.taffrail.operator.crd.ForceRecovery;
import io.taffrail.operator.observe.ObservedCluster.Pod;
import io.taffrail.operator.observe.ObservedCluster.Recovery;
import io.taffrail.operator.observe.ObservedReplica;
import io.taffrail.operator.observe.ObservedReplica.Integrity;
import io.taffrail.operator.observe.ObservedReplica.State;
import io.taffrail.operator.observe.RecoveryOffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/// Going on without a majority, because a person decided so. The operator never decides it: it shows the plan, compares
/// what the person typed, records the decision, and passes it on once. What it refuses is what would make two logs of
/// one, or what an election does without a loss.
final class RecoveryPlan {
    private RecoveryPlan() {}

    static void plan(Draft draft) {
        var newest = draft.seen.recorded().newestRecovery();
        var carriedOut = newest.filter(it -> !it.completed() && hasAnotherHistory(draft, it));
        carriedOut.ifPresent(it -> draft.act(new Action.RecordRecovery(it.asCompleted())));
        var asked = draft.spec.forceRecovery();
        if (asked == null) {
            return;
        }
        var done = draft.seen.recorded().recoveries().stream().filter(Recovery::completed);
        if (done.anyMatch(it -> isOf(it, asked))
                || carriedOut.filter(it -> isOf(it, asked)).isPresent()) {
            return;
        }
        if (isNeedless(draft) || isUnsafe(draft, asked)) {
            return;
        }
        // Who reads its log names no voters yet, so nobody would be given up.
        var survivor = draft.replica(asked.from()).filter(ObservedReplica::opened);
        switch (survivor.isEmpty() ? null : draft.seen.recoveryOffer()) {
            case null ->
                draft.waitFor(
                        "WaitingForReplicas", "it is named by forceRecovery.from: " + draft.unheard(asked.from()));
            case RecoveryOffer.Refused(String message) ->
                draft.refuse("RecoveryRefused", draft.podName(asked.from()) + " refuses the recovery: " + message);
            case RecoveryOffer.Possible offer -> decide(draft, asked, offer);
        }
    }

    private static boolean hasAnotherHistory(Draft draft, Recovery recovery) {
        return draft.replica(recovery.from())
                .map(ObservedReplica::historyId)
                .filter(history -> !history.isEmpty() && !history.equals(recovery.historyId()))
                .isPresent();
    }

    private static boolean isOf(Recovery recovery, ForceRecovery asked) {
        return recovery.from() == asked.from()
                && recovery.survivors().equals(asked.goingOn())
                && recovery.clusterId().equals(asked.acceptDataLoss())
                && Long.toUnsignedString(recovery.expectedLastLsn()).equals(asked.expectLastLsn());
    }

    /// Whoever can elect a leader loses nothing by it.
    private static boolean isNeedless(Draft draft) {
        var leader = draft.seen.leader();
        if (leader.isPresent()) {
            draft.refuse(
                    "MajorityLives",
                    draft.podName(leader.get().nodeId())
                            + " leads: nothing is forced while a majority lives; remove forceRecovery");
            return true;
        }
        for (var candidate : draft.seen.replicas().values()) {
            var voters = candidate.voters().keySet();
            var willing = willing(draft, candidate);
            if (!voters.isEmpty() && willing.size() >= MembershipPlan.majority(voters)) {
                draft.refuse(
                        "MajorityLives",
                        "replicas " + willing + " of the voters " + voters
                                + " are there, a majority: they elect a leader by themselves, nothing is forced"
                                + " meanwhile");
                return true;
            }
        }
        return false;
    }

    /// Who would elect this replica, or one that adopts its log: voters of the configuration that this log ends
    /// with, whose own logs are not ahead. The survivor's configuration does not tell, since it may be an old one.
    /// When voters 0, 1, 2 have become 0 to 4 while 0 was away:
    ///
    /// 1. 1 and 2 are lost. 0 counts itself alone; 3 counts 0, 4 and itself, three of five, and they elect.
    /// 2. 2, 3 and 4 are lost. 0 counts itself and 1, but would adopt the log of 1, which counts two of five.
    private static Set<Integer> willing(Draft draft, ObservedReplica candidate) {
        var willing = new TreeSet<Integer>();
        // A learner is elected by nobody, and what it has of the log may name voters that there were.
        var mayStand = candidate.storageId().equals(candidate.voters().get(candidate.nodeId()));
        if (mayStand && canVote(candidate)) {
            candidate
                    .voters()
                    .forEach((node, storage) -> draft.replica(node)
                            .filter(voter -> voter.storageId().equals(storage)
                                    && canVote(voter)
                                    // One that was named and has not heard of it yet joins when it is asked.
                                    && (voter.empty() || voter.historyId().equals(candidate.historyId()))
                                    && !isAhead(draft, voter, candidate))
                            .ifPresent(voter -> willing.add(node)));
        }
        return willing;
    }

    /// Not as long as one of the two has not said where its log ends.
    private static boolean isAhead(Draft draft, ObservedReplica voter, ObservedReplica candidate) {
        var end = draft.seen.logEnds().get(voter.nodeId());
        var other = draft.seen.logEnds().get(candidate.nodeId());
        return end != null && other != null && end.compareTo(other) > 0;
    }

    private static boolean canVote(ObservedReplica replica) {
        return replica.state() != State.FAILED
                && replica.integrity() != Integrity.SUSPECT
                && replica.integrity() != Integrity.EVICTED;
    }

    /// One that is given up and runs where nobody sees it may go on with others of its kind, and one that comes back
    /// may be what a majority lacks. So each has to say what its volume holds, or to be unable to start.
    private static boolean isUnsafe(Draft draft, ForceRecovery asked) {
        // Also of whom the survivor, if it is behind, has not heard.
        var givenUp = new TreeSet<>(draft.seen.recorded().voters());
        givenUp.addAll(draft.seen.votersSaid());
        asked.goingOn().forEach(givenUp::remove);
        var unaccounted = givenUp.stream()
                .filter(node -> !isAccounted(draft, node))
                .map(draft::podName)
                .toList();
        if (unaccounted.isEmpty()) {
            return false;
        }
        draft.refuse(
                "VoterUnaccounted",
                String.join(", ", unaccounted)
                        + " would be given up, may run, and does not say what its volume holds: wait until it has read"
                        + " its log, or make sure that its node is gone for good, then delete the pod and its claim");
        return true;
    }

    private static boolean isAccounted(Draft draft, int node) {
        return draft.replica(node)
                .map(replica -> replica.opened() && replica.state() != State.FAILED)
                // No pod: the next one is on its way.
                .orElseGet(() -> draft.seen.pod(node).filter(Pod::cannotStart).isPresent());
    }

    private static void decide(Draft draft, ForceRecovery asked, RecoveryOffer.Possible offer) {
        var lastLsn = Long.toUnsignedString(offer.lastLsn());
        var clusterId = asked.acceptDataLoss();
        if (clusterId == null) {
            draft.refuse(
                    "RecoveryPlanned",
                    "nothing was changed; the log of " + draft.podName(asked.from()) + " ends at LSN " + lastLsn
                            + " and status.recoveryPlan says what would be lost. To carry it out set"
                            + " forceRecovery.acceptDataLoss to the cluster's id and expectLastLsn to \"" + lastLsn
                            + "\"");
            return;
        }
        if (!clusterId.equals(offer.clusterId()) || !lastLsn.equals(asked.expectLastLsn())) {
            draft.refuse(
                    "RecoveryMismatch",
                    "nothing was changed; forceRecovery names cluster " + clusterId + " and LSN "
                            + asked.expectLastLsn() + ", but " + draft.podName(asked.from()) + " belongs to cluster "
                            + offer.clusterId() + " and its log ends at LSN " + lastLsn
                            + ": look at status.recoveryPlan again");
            return;
        }
        var recovery = new Recovery(
                requestId(asked),
                asked.from(),
                asked.goingOn(),
                clusterId,
                offer.lastLsn(),
                offer.historyId(),
                offer.lines(),
                false);
        if (draft.seen.recorded().recoveries().stream()
                .noneMatch(it -> it.requestId().equals(recovery.requestId()))) {
            draft.act(new Action.RecordRecovery(recovery));
        }
        draft.disrupt(new Action.ForceRecovery(recovery));
        draft.waitFor("RecoveryUnderWay", draft.podName(asked.from()) + " begins a new history");
    }

    /// Of what was decided: whoever repeats it, also an operator that has forgotten it, sends the same request, and the
    /// replica carries one request out once.
    private static String requestId(ForceRecovery asked) {
        var text = asked.acceptDataLoss() + " " + asked.from() + " " + asked.goingOn() + " " + asked.expectLastLsn();
        return UUID.nameUUIDFromBytes(text.getBytes(StandardCharsets.UTF_8)).toString();
    }
}
