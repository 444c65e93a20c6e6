package io.taffrail.operator.observe;

import com.google.protobuf.ByteString;
import io.taffrail.operator.crd.CommitMode;
import io.taffrail.operator.crd.LogClusterSpec.OnFull;
import io.taffrail.operator.crd.ReplicationMode;
import io.taffrail.operator.observe.ObservedReplica.Follower;
import io.taffrail.operator.observe.ObservedReplica.Integrity;
import io.taffrail.operator.observe.ObservedReplica.State;
import io.taffrail.proto.control.FollowerStatus;
import io.taffrail.proto.control.ReplicaStatus;
import io.taffrail.proto.control.Settings;
import io.taffrail.proto.control.Voter;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Between the control protocol's messages and the operator's values.
public final class ControlMapping {
    private ControlMapping() {}

    private static Map<Integer, String> storages(List<Voter> members) {
        return members.stream()
                .collect(Collectors.toMap(Voter::getNodeId, member -> id(member.getStorageUuid()), (a, b) -> b));
    }

    public static ObservedReplica replica(ReplicaStatus status) {
        return new ObservedReplica(
                status.getNodeId(),
                id(status.getStorageUuid()),
                status.getClusterId().isEmpty() ? null : id(status.getClusterId()),
                status.getHistoryId().isEmpty() ? "" : id(status.getHistoryId()),
                state(status.getState()),
                status.getStateDetail(),
                status.getRecoveryPercent(),
                status.getEpoch(),
                integrity(status.getIntegrity()),
                status.getConfigId(),
                storages(status.getVotersList()),
                storages(status.getLearnersList()),
                status.getFollowersList().stream()
                        .collect(Collectors.toMap(FollowerStatus::getNodeId, ControlMapping::follower, (a, b) -> b)),
                status.getSettingsGeneration(),
                status.hasSettings() ? settings(status.getSettings()) : null,
                status.getVersion(),
                status.getIoMethod(),
                status.getIoMethodReason(),
                status.getDiskTotalBytes(),
                status.getDiskFreeBytes(),
                status.getFsyncDisabled());
    }

    private static Follower follower(FollowerStatus status) {
        return new Follower(
                status.getInSync(),
                status.getConnected(),
                status.getLagBytes(),
                status.getFlushedLsn(),
                integrity(status.getIntegrity()));
    }

    private static State state(io.taffrail.proto.control.State state) {
        return switch (state) {
            case STATE_RECOVERING -> State.RECOVERING;
            case STATE_UNINITIALIZED -> State.UNINITIALIZED;
            case STATE_FOLLOWER -> State.FOLLOWER;
            case STATE_CANDIDATE -> State.CANDIDATE;
            case STATE_LEADER_OPENING -> State.LEADER_OPENING;
            case STATE_LEADER -> State.LEADER;
            case STATE_LEARNER -> State.LEARNER;
            case STATE_STOPPING -> State.STOPPING;
            case STATE_FAILED -> State.FAILED;
            case STATE_UNSPECIFIED, UNRECOGNIZED -> State.UNKNOWN;
        };
    }

    private static Integrity integrity(io.taffrail.proto.control.Integrity integrity) {
        return switch (integrity) {
            // A hole in what a leader or a replica without others holds takes nothing from what it vouches for, and no
            // step of the operator's fills it; its warning says what a person can do.
            case INTEGRITY_INTACT, INTEGRITY_DAMAGED -> Integrity.INTACT;
            case INTEGRITY_AMNESIC -> Integrity.AMNESIC;
            case INTEGRITY_SUSPECT -> Integrity.SUSPECT;
            case INTEGRITY_EVICTED -> Integrity.EVICTED;
            case INTEGRITY_UNSPECIFIED, UNRECOGNIZED -> Integrity.UNKNOWN;
        };
    }

    public static Settings settings(SettingsValues values) {
        return Settings.newBuilder()
                .setCommitMode(mode(values.commitMode()))
                .setReplicationMode(mode(values.replicationMode()))
                .setMinimumCommitMode(mode(values.minimumCommitMode()))
                .setMinimumReplicationMode(mode(values.minimumReplicationMode()))
                .setWriterDelayMicros(values.writerDelayMicros())
                .setGroupCommitDelayMicros(values.groupCommitDelayMicros())
                .setGroupCommitSiblings(values.groupCommitSiblings())
                .setPendingBytes(values.pendingBytes())
                .setReplicationLagBytes(values.replicationLagBytes())
                .setReplicationLagMillis(values.replicationLagMillis())
                .setOnFull(
                        values.onFull() == OnFull.Wait
                                ? io.taffrail.proto.control.OnFull.ON_FULL_WAIT
                                : io.taffrail.proto.control.OnFull.ON_FULL_REJECT)
                .setRetentionMillis(values.retentionMillis())
                .setRetentionBytes(values.retentionBytes())
                .build();
    }

    private static @Nullable SettingsValues settings(Settings settings) {
        var commit = mode(settings.getCommitMode());
        var replication = mode(settings.getReplicationMode());
        var minimumCommit = mode(settings.getMinimumCommitMode());
        var minimumReplication = mode(settings.getMinimumReplicationMode());
        if (commit == null || replication == null || minimumCommit == null || minimumReplication == null) {
            return null;
        }
        return new SettingsValues(
                commit,
                replication,
                minimumCommit,
                minimumReplication,
                settings.getWriterDelayMicros(),
                settings.getGroupCommitDelayMicros(),
                settings.getGroupCommitSiblings(),
                settings.getPendingBytes(),
                settings.getReplicationLagBytes(),
                settings.getReplicationLagMillis(),
                settings.getOnFull() == io.taffrail.proto.control.OnFull.ON_FULL_REJECT ? OnFull.Reject : OnFull.Wait,
                settings.getRetentionMillis(),
                settings.getRetentionBytes());
    }

    public static io.taffrail.proto.log.CommitMode mode(CommitMode mode) {
        return switch (mode) {
            case Async -> io.taffrail.proto.log.CommitMode.COMMIT_MODE_ASYNC;
            case Sync -> io.taffrail.proto.log.CommitMode.COMMIT_MODE_SYNC;
        };
    }

    public static io.taffrail.proto.log.ReplicationMode mode(ReplicationMode mode) {
        return switch (mode) {
            case Async -> io.taffrail.proto.log.ReplicationMode.REPLICATION_MODE_ASYNC;
            case Quorum -> io.taffrail.proto.log.ReplicationMode.REPLICATION_MODE_QUORUM;
            case All -> io.taffrail.proto.log.ReplicationMode.REPLICATION_MODE_ALL;
        };
    }

    public static @Nullable CommitMode mode(io.taffrail.proto.log.CommitMode mode) {
        return switch (mode) {
            case COMMIT_MODE_ASYNC -> CommitMode.Async;
            case COMMIT_MODE_SYNC -> CommitMode.Sync;
            case COMMIT_MODE_UNSPECIFIED, UNRECOGNIZED -> null;
        };
    }

    public static @Nullable ReplicationMode mode(io.taffrail.proto.log.ReplicationMode mode) {
        return switch (mode) {
            case REPLICATION_MODE_ASYNC -> ReplicationMode.Async;
            case REPLICATION_MODE_QUORUM -> ReplicationMode.Quorum;
            case REPLICATION_MODE_ALL -> ReplicationMode.All;
            case REPLICATION_MODE_UNSPECIFIED, UNRECOGNIZED -> null;
        };
    }

    /// Ids are 16 bytes on the wire and the usual text elsewhere.
    public static ByteString bytes(String id) {
        var uuid = UUID.fromString(id);
        return ByteString.copyFrom(ByteBuffer.allocate(16)
                .putLong(uuid.getMostSignificantBits())
                .putLong(uuid.getLeastSignificantBits())
                .flip());
    }

    /// An id of another length, which no replica should have, stays told apart by its bytes.
    public static String id(ByteString bytes) {
        if (bytes.size() != 16) {
            return HexFormat.of().formatHex(bytes.toByteArray());
        }
        var buffer = bytes.asReadOnlyByteBuffer();
        return new UUID(buffer.getLong(), buffer.getLong()).toString();
    }
}
