package io.taffrail.operator.plan;

import io.taffrail.operator.crd.ByteSize;
import io.taffrail.operator.crd.LogClusterSpec.ReclaimPolicy;

/// Volumes: they grow, and they go with the cluster only where the spec says so.
final class StoragePlan {
    private StoragePlan() {}

    static void plan(Draft draft) {
        var wanted = ByteSize.parse("storage.size", draft.spec.storage().size()).bytes();
        var owned = draft.spec.storage().reclaimPolicy() == ReclaimPolicy.Delete;
        for (var claim : draft.seen.claims()) {
            if (claim.requestedBytes() < wanted) {
                draft.act(new Action.GrowClaim(claim.name(), wanted));
            }
            if (claim.ownedByCluster() != owned) {
                draft.act(new Action.OwnClaim(claim.name(), owned));
            }
        }
    }
}
