package io.taffrail.operator.plan;

import io.taffrail.operator.crd.LogClusterSpec;
import io.taffrail.operator.observe.ObservedCluster;
import java.time.Duration;
import java.time.Instant;

/// Decides what to do next for one cluster. Pure: the same spec, sight and time give the same plan, so every promise
/// about restarts, voters and volumes is a test of this class without a server.
public final class ClusterPlanner {
    private final Duration settleTime;

    /// @param settleTime how long a restarted pod must have been ready before the next one is restarted
    public ClusterPlanner(Duration settleTime) {
        this.settleTime = settleTime;
    }

    public Plan plan(LogClusterSpec spec, ObservedCluster seen, Instant now) {
        var draft = new Draft(spec, seen, now);
        StoragePlan.release(draft);
        if (spec.paused()) {
            draft.refuse("Paused", "management is Paused: the operator reports and changes nothing");
            return draft.finish();
        }
        if (ResourcePlan.isRefused(draft)) {
            return draft.finish();
        }
        // Volumes first, before anything is asked of the replicas: a full disk is cured by growing it, and replicas
        // with a full disk are not healthy.
        StoragePlan.plan(draft);
        ResourcePlan.plan(draft);
        LabelPlan.plan(draft);
        if (spec.hibernated()) {
            LifecyclePlan.hibernate(draft);
            return draft.finish();
        }
        LifecyclePlan.wake(draft);
        if (LifecyclePlan.endOtherTransport(draft)) {
            return draft.finish();
        }
        if (BootstrapPlan.plan(draft) == BootstrapPlan.Outcome.CLUSTER) {
            RecoveryPlan.plan(draft);
            SettingsPlan.plan(draft);
            // Voters before pods: a pod that leaves first stays a voter that nobody hears.
            MembershipPlan.plan(draft);
            new RollingPlan(settleTime).plan(draft);
        } else {
            LifecyclePlan.startMissing(draft);
            RollingPlan.planBroken(draft);
        }
        return draft.finish();
    }
}
