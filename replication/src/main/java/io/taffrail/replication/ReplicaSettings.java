package io.taffrail.replication;

import io.taffrail.streams.StreamSettings;

/// What may change while the replica runs. Times in nanoseconds.
///
/// @param rejectWhenFull refuse an append at a full queue; otherwise it waits for room
public record ReplicaSettings(
        long generation,
        StreamSettings streams,
        long writerDelayNanos,
        long groupCommitDelayNanos,
        int groupCommitSiblings,
        int pendingBytes,
        long replicationLagBytes,
        long replicationLagNanos,
        boolean rejectWhenFull) {
    public static final ReplicaSettings DEFAULTS =
            new ReplicaSettings(0, StreamSettings.DEFAULTS, 10_000_000, 0, 5, 64 << 20, 16 << 20, 1_000_000_000, false);
}
