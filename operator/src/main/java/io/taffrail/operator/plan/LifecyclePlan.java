package io.taffrail.operator.plan;

import java.util.TreeSet;

/// Hibernation: no pods, everything else stays.
final class LifecyclePlan {
    private LifecyclePlan() {}

    static void hibernate(Draft draft) {
        var set = draft.seen.statefulSet();
        // One by one the log would be copied to new volumes; all at once nothing would be left of it.
        if (!draft.seen.podsLosingVolumes().isEmpty()) {
            return;
        }
        if (set != null && set.replicas() > 0) {
            // All at once: each hands over or follows, flushes and marks its log clean when it is told to stop.
            draft.disrupt(new Action.ScalePods(0));
        }
    }

    static void wake(Draft draft) {
        var set = draft.seen.statefulSet();
        if (set != null && set.replicas() == 0) {
            draft.act(new Action.ScalePods(podsNeeded(draft)));
        }
    }

    /// Before there is a cluster nobody is a member, so nothing else starts pods that an edit asks for or that were
    /// scaled away by hand.
    static void startMissing(Draft draft) {
        var set = draft.seen.statefulSet();
        if (set != null && set.replicas() > 0 && set.replicas() < podsNeeded(draft)) {
            draft.act(new Action.ScalePods(podsNeeded(draft)));
        }
    }

    /// Every voter must start, also those that a later edit wants away, and those that only a replica's log remembers:
    /// they are removed by a leader, and a leader needs their majority.
    static int podsNeeded(Draft draft) {
        var recorded = draft.seen.recorded();
        var nodes = new TreeSet<>(recorded.voters());
        nodes.addAll(draft.seen.votersSaid());
        if (!recorded.bootstrapped()) {
            nodes.addAll(recorded.storages().keySet());
        }
        return Math.max(draft.spec.replicas(), nodes.isEmpty() ? 0 : nodes.last() + 1);
    }
}
