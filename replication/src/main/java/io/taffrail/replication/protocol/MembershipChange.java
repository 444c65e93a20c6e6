package io.taffrail.replication.protocol;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/// The next configuration, or why there is none. Consecutive voter sets differ by one voter, so any majority of the
/// one meets any majority of the other (I33).
final class MembershipChange {
    private MembershipChange() {}

    sealed interface Plan {
        record Next(Configuration configuration) implements Plan {}

        record Already() implements Plan {}

        record Refused(Effect.Reason reason, String message) implements Plan {}
    }

    static Plan plan(Configuration current, Event.Change change, int leader, IntPredicate caughtUp) {
        return switch (change) {
            case Event.Change.AddLearner(Member learner) -> addLearner(current, learner);
            case Event.Change.PromoteLearner(int nodeId) -> promote(current, nodeId, caughtUp);
            case Event.Change.RemoveVoter(int nodeId) -> removeVoter(current, nodeId, leader);
            case Event.Change.RemoveLearner(int nodeId) -> removeLearner(current, nodeId);
        };
    }

    private static Plan addLearner(Configuration current, Member learner) {
        var known = current.member(learner.nodeId());
        if (known == null) {
            return next(current, current.voters(), with(current.learners(), learner));
        }
        if (known.storageId().equals(learner.storageId())) {
            return new Plan.Already();
        }
        return new Plan.Refused(
                Effect.Reason.INVALID,
                "node %s is a member with storage %s; remove that first".formatted(known.nodeId(), known.storageId()));
    }

    private static Plan promote(Configuration current, int nodeId, IntPredicate caughtUp) {
        if (current.voter(nodeId) != null) {
            return new Plan.Already();
        }
        var learner = current.learner(nodeId);
        if (learner == null) {
            return new Plan.Refused(Effect.Reason.INVALID, "node %s is no learner".formatted(nodeId));
        }
        if (!caughtUp.test(nodeId)) {
            return new Plan.Refused(Effect.Reason.NOT_NOW, "learner %s has not caught up".formatted(nodeId));
        }
        return next(current, with(current.voters(), learner), without(current.learners(), nodeId));
    }

    private static Plan removeVoter(Configuration current, int nodeId, int leader) {
        if (current.voter(nodeId) == null) {
            return new Plan.Already();
        }
        if (nodeId == leader) {
            return new Plan.Refused(
                    Effect.Reason.INVALID, "node %s leads; transfer leadership first".formatted(nodeId));
        }
        return next(current, without(current.voters(), nodeId), current.learners());
    }

    private static Plan removeLearner(Configuration current, int nodeId) {
        return current.learner(nodeId) == null
                ? new Plan.Already()
                : next(current, current.voters(), without(current.learners(), nodeId));
    }

    private static Plan next(Configuration current, List<Member> voters, List<Member> learners) {
        return new Plan.Next(new Configuration(current.id() + 1, voters, learners));
    }

    private static List<Member> with(List<Member> members, Member added) {
        var list = new ArrayList<>(members);
        list.add(added);
        return list;
    }

    private static List<Member> without(List<Member> members, int nodeId) {
        var list = new ArrayList<>(members);
        list.removeIf(member -> member.nodeId() == nodeId);
        return list;
    }
}
