package io.taffrail.replication;

import io.taffrail.replication.codec.ReplicaMeta;
import io.taffrail.replication.protocol.Eviction;
import io.taffrail.replication.protocol.Integrity;
import io.taffrail.replication.protocol.Member;
import io.taffrail.replication.protocol.ReplicationCore;
import io.taffrail.replication.protocol.Watermarks;
import io.taffrail.wal.RecoveryReport;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The core's picture of itself as the status that others read.
final class StatusMapping {
    private StatusMapping() {}

    static ReplicaStatus status(
            ReplicaMeta meta,
            ReplicationCore.View view,
            long startLsn,
            Watermarks watermarks,
            RecoveryReport recovery,
            long settingsGeneration,
            List<Election> elections,
            ReplicaStatus.RefusedPeers refusedPeers,
            @Nullable String failure,
            boolean stopping) {
        var leader = view.configuration().member(view.leader());
        var followers = view.followers().stream()
                .map(follower -> new ReplicaStatus.Follower(
                        follower.nodeId(),
                        follower.receivedLsn(),
                        follower.flushedLsn(),
                        follower.inSync(),
                        follower.inSession(),
                        follower.lastAckAgeNanos(),
                        integrity(follower.integrity())))
                .toList();
        return new ReplicaStatus(
                meta.nodeId(),
                meta.storageId(),
                meta.incarnation(),
                view.hard().clusterId(),
                view.hard().historyId(),
                view.hard().standing().formerHistories(),
                state(meta, view, failure, stopping),
                failure == null ? view.detail() : failure,
                view.hard().standing().eviction() == Eviction.NONE
                        ? integrity(view.integrity())
                        : ReplicaStatus.Integrity.EVICTED,
                view.hard().promisedEpoch(),
                view.hard().promisedEpoch(),
                leader == null ? null : peer(leader),
                view.configuration().id(),
                peers(view.configuration().voters()),
                peers(view.configuration().learners()),
                followers,
                startLsn,
                watermarks,
                recovery,
                settingsGeneration,
                elections,
                refusedPeers);
    }

    private static ReplicaStatus.State state(
            ReplicaMeta meta, ReplicationCore.View view, @Nullable String failure, boolean stopping) {
        if (failure != null) {
            return ReplicaStatus.State.FAILED;
        }
        if (stopping) {
            return ReplicaStatus.State.STOPPING;
        }
        if (view.hard().clusterId() == null) {
            return ReplicaStatus.State.UNINITIALIZED;
        }
        return switch (view.kind()) {
            case FOLLOWER ->
                view.configuration().isVoter(meta.nodeId(), meta.storageId())
                        ? ReplicaStatus.State.FOLLOWER
                        : ReplicaStatus.State.LEARNER;
            case CANDIDATE -> ReplicaStatus.State.CANDIDATE;
            case OPENING -> ReplicaStatus.State.LEADER_OPENING;
            case OPEN -> ReplicaStatus.State.LEADER;
        };
    }

    private static List<Peer> peers(List<Member> members) {
        return members.stream().map(StatusMapping::peer).toList();
    }

    private static Peer peer(Member member) {
        return new Peer(member.nodeId(), member.storageId(), member.peerAddress(), member.clientAddress());
    }

    private static ReplicaStatus.Integrity integrity(Integrity integrity) {
        return switch (integrity) {
            case INTACT -> ReplicaStatus.Integrity.INTACT;
            case AMNESIC -> ReplicaStatus.Integrity.AMNESIC;
            case SUSPECT -> ReplicaStatus.Integrity.SUSPECT;
        };
    }
}
