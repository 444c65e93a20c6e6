package io.taffrail.operator.plan;

import java.util.Collections;

/// Hibernation: no pods, everything else stays.
final class LifecyclePlan {
    private LifecyclePlan() {}

    static void hibernate(Draft draft) {
        var set = draft.seen.statefulSet();
        if (set != null && set.replicas() > 0) {
            // All at once: each hands over or follows, flushes and marks its log clean when it is told to stop.
            draft.disrupt(new Action.ScalePods(0));
        }
    }

    static void wake(Draft draft) {
        var set = draft.seen.statefulSet();
        if (set == null || set.replicas() > 0) {
            return;
        }
        draft.act(new Action.ScalePods(podsNeeded(draft)));
    }

    /// Every voter must start, also those that a later edit wants away: they are removed by a leader, and a leader
    /// needs their majority.
    static int podsNeeded(Draft draft) {
        var voters = draft.seen.recorded().voters();
        return Math.max(draft.spec.replicas(), voters.isEmpty() ? 0 : Collections.max(voters) + 1);
    }
}
