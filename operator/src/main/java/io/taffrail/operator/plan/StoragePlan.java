package io.taffrail.operator.plan;

import io.taffrail.operator.crd.ByteSize;
import io.taffrail.operator.crd.LogClusterSpec.ReclaimPolicy;
import io.taffrail.operator.observe.ObservedCluster.Claim;
import io.taffrail.operator.observe.ObservedCluster.Pod;

/// Volumes: they grow, and they go with the cluster only where the spec says so.
final class StoragePlan {
    private StoragePlan() {}

    /// Also where nothing else is changed: a claim that still went with a LogCluster whose spec says otherwise would
    /// take the log with it.
    static void release(Draft draft) {
        if (draft.spec.storage().reclaimPolicy() == ReclaimPolicy.Delete) {
            return;
        }
        draft.seen.claims().stream()
                .filter(Claim::ownedByCluster)
                .forEach(claim -> draft.act(new Action.OwnClaim(claim.name(), false)));
    }

    static void plan(Draft draft) {
        var wanted = ByteSize.parse("storage.size", draft.spec.storage().size()).bytes();
        var owns = draft.spec.storage().reclaimPolicy() == ReclaimPolicy.Delete;
        for (var claim : draft.seen.claims()) {
            if (claim.requestedBytes() < wanted) {
                draft.act(new Action.GrowClaim(claim.name(), wanted));
            }
            // As long as it is not known whose log is on it, it does not go with this LogCluster.
            var unknown = claim.retained() && draft.seen.recorded().clusterId() == null;
            if (owns && !claim.ownedByCluster() && !unknown) {
                draft.act(new Action.OwnClaim(claim.name(), true));
            }
        }
        var going = draft.seen.podsLosingVolumes().stream().map(Pod::name).toList();
        if (!going.isEmpty()) {
            draft.refuse(
                    "ClaimTerminating",
                    "the claims of " + String.join(", ", going)
                            + " are deleted, and their volumes go when the pods end: delete these pods one after the"
                            + " other, each when all others are in sync, and they join with new volumes; the cluster is"
                            + " not hibernated before");
        }
    }
}
