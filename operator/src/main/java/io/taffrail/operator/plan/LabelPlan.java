package io.taffrail.operator.plan;

import io.taffrail.operator.plan.Action.LabelPod;
import io.taffrail.operator.plan.Action.Role;

/// The label that the leader Service goes by. It follows what the replicas say and decides nothing.
final class LabelPlan {
    private LabelPlan() {}

    static void plan(Draft draft) {
        var leader = draft.seen.leader();
        if (leader.isEmpty()) {
            // The last label stays: clients ask any replica who leads, and there is nowhere better to send them.
            return;
        }
        var leading = leader.get().nodeId();
        // The old leader loses the label before the new one gets it, so that never two are selected.
        for (var pod : draft.seen.pods()) {
            if (pod.ordinal() != leading && !"follower".equals(pod.roleLabel())) {
                draft.act(new LabelPod(pod.name(), Role.FOLLOWER));
            }
        }
        for (var pod : draft.seen.pods()) {
            if (pod.ordinal() == leading && !"leader".equals(pod.roleLabel())) {
                draft.act(new LabelPod(pod.name(), Role.LEADER));
            }
        }
    }
}
