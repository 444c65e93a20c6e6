package io.taffrail.replication;

import io.taffrail.replication.protocol.Watermarks;
import io.taffrail.wal.RecoveryReport;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A replica as it sees itself, a value that other threads may keep.
///
/// @param clusterId null: not bootstrapped
/// @param formerHistories that forced recoveries replaced, oldest first
/// @param leader null: none is known
/// @param elections the newest that its log tells of, oldest first
public record ReplicaStatus(
        int nodeId,
        UUID storageId,
        long incarnation,
        @Nullable UUID clusterId,
        @Nullable UUID historyId,
        List<UUID> formerHistories,
        State state,
        String detail,
        Integrity integrity,
        long epoch,
        long promisedEpoch,
        @Nullable Peer leader,
        long configId,
        List<Peer> voters,
        List<Peer> learners,
        List<Follower> followers,
        long startLsn,
        Watermarks watermarks,
        RecoveryReport recovery,
        long settingsGeneration,
        List<Election> elections,
        RefusedPeers refusedPeers) {
    /// Messages of peers that could not be what they said, since the start: of another cluster, beyond what was sent,
    /// of an impossible epoch, about an older copy of this volume.
    ///
    /// @param lastNode -1: none
    public record RefusedPeers(long count, int lastNode, String lastMessage) {
        public static final RefusedPeers NONE = new RefusedPeers(0, -1, "");

        RefusedPeers and(int node, String message) {
            return new RefusedPeers(count + 1, node, message);
        }
    }

    public enum State {
        UNINITIALIZED,
        FOLLOWER,
        CANDIDATE,
        LEADER_OPENING,
        LEADER,
        LEARNER,
        STOPPING,
        FAILED
    }

    public enum Integrity {
        INTACT,
        AMNESIC,
        SUSPECT,
        /// Takes no part any more; `detail` says why.
        EVICTED
    }

    /// As its leader sees it.
    public record Follower(
            int nodeId,
            long receivedLsn,
            long flushedLsn,
            boolean inSync,
            boolean connected,
            long lastAckAgeNanos,
            Integrity integrity) {}
}
