package io.taffrail.replication.codec;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Who sends a frame.
///
/// @param clusterId null, with `historyId`: the sender belongs to no cluster yet
public record Envelope(
        int nodeId,
        UUID storageId,
        long incarnation,
        @Nullable UUID clusterId,
        @Nullable UUID historyId) {
    /// Whether one that belongs to `cluster` and its `history` may listen. Replicas without a cluster and those with
    /// one have to be able to talk, or no new replica would ever be invited.
    public boolean isOf(@Nullable UUID cluster, @Nullable UUID history) {
        return cluster == null
                || clusterId == null
                || (cluster.equals(clusterId) && history != null && history.equals(historyId));
    }
}
