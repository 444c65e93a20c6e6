package io.taffrail.service.control;

import io.taffrail.proto.control.DamagedRange;
import io.taffrail.proto.control.FollowerStatus;
import io.taffrail.proto.control.Integrity;
import io.taffrail.proto.control.State;
import io.taffrail.proto.control.Voter;
import io.taffrail.replication.Election;
import io.taffrail.replication.Peer;
import io.taffrail.replication.Replica;
import io.taffrail.replication.ReplicaStatus;
import io.taffrail.replication.ScrubStatus;
import io.taffrail.service.api.GrpcStatusMapping;
import io.taffrail.service.api.Uuids;
import io.taffrail.service.host.ReplicaHost;
import io.taffrail.service.telemetry.ProcessInfo;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/// `ReplicaStatus`, as the operator asks for it every few seconds, in every state of the process.
final class StatusMessages {
    private final ReplicaHost host;
    private final ProcessInfo info;

    StatusMessages(ReplicaHost host, ProcessInfo info) {
        this.host = host;
        this.info = info;
    }

    io.taffrail.proto.control.ReplicaStatus current() {
        var message = io.taffrail.proto.control.ReplicaStatus.newBuilder()
                .setNodeId(host.nodeId())
                .setRecoveryPercent(host.recoveryPercent())
                .setVersion(info.version())
                .setIoMethod(info.ioMethod())
                .setIoMethodReason(info.ioMethodReason())
                .setFsyncDisabled(info.fsyncDisabled())
                .addAllWarnings(info.warnings());
        disk(message);
        var replica = host.replica();
        var status = host.status();
        if (replica == null || status == null) {
            message.setState(host.phase() == ReplicaHost.Phase.FAILED ? State.STATE_FAILED : State.STATE_RECOVERING)
                    .setStateDetail("reads its log, " + host.recoveryPercent() + " % are done");
        } else {
            replica(message, replica, status);
        }
        return message.build();
    }

    private void disk(io.taffrail.proto.control.ReplicaStatus.Builder message) {
        var directory = host.directory();
        if (directory == null) {
            return;
        }
        try {
            message.setDiskTotalBytes(directory.totalBytes()).setDiskFreeBytes(directory.freeBytes());
        } catch (IOException unreadable) {
            message.addWarnings("the data directory's free space cannot be read: " + unreadable.getMessage());
        }
    }

    private static void replica(
            io.taffrail.proto.control.ReplicaStatus.Builder message, Replica replica, ReplicaStatus status) {
        var watermarks = replica.watermarks();
        message.setStorageUuid(Uuids.wire(status.storageId()))
                .setIncarnation(status.incarnation())
                .setClusterId(Uuids.wire(status.clusterId()))
                .setHistoryId(Uuids.wire(status.historyId()))
                .setState(state(status.state()))
                .setStateDetail(status.detail())
                .setEpoch(status.epoch())
                .setPromisedEpoch(status.promisedEpoch())
                .setIntegrity(integrity(status.integrity(), replica.scrub()))
                .setScrubbedBytes(replica.scrub().verifiedBytes())
                .setScrubRounds(replica.scrub().rounds())
                .setRepairedSegments(replica.scrub().repairedSegments())
                .setConfigId(status.configId())
                .setStartLsn(status.startLsn())
                .setReceivedLsn(watermarks.leaderReceived())
                .setFlushedLsn(watermarks.leaderFlushed())
                .setQuorumFlushedLsn(watermarks.quorumFlushed())
                .setSettingsGeneration(status.settingsGeneration())
                .setSettings(SettingsMessages.wire(replica.settings()));
        var refused = status.refusedPeers();
        if (refused.count() > 0) {
            message.addWarnings("%s messages of peers were refused, the last of node %s: it %s"
                    .formatted(refused.count(), refused.lastNode(), refused.lastMessage()));
        }
        for (var damage : replica.scrub().damages()) {
            message.addDamagedRanges(DamagedRange.newBuilder()
                    .setFromLsn(damage.fromLsn())
                    .setToLsn(damage.toLsn())
                    .setDetail(damage.what()));
        }
        warnOfDamage(message, status, replica.scrub());
        status.formerHistories().forEach(history -> message.addFormerHistoryIds(Uuids.wire(history)));
        var leader = GrpcStatusMapping.leaderHint(status);
        if (leader != null) {
            message.setLeader(leader);
        }
        status.voters().forEach(peer -> message.addVoters(voter(peer)));
        status.learners().forEach(peer -> message.addLearners(voter(peer)));
        status.elections().forEach(election -> message.addElections(election(election)));
        var inSync = 0;
        for (var follower : status.followers()) {
            message.addFollowers(follower(follower, watermarks.leaderReceived()));
            if (follower.inSync() && isVoter(status, follower.nodeId())) {
                inSync++;
            }
        }
        message.setAllVotersInSync(status.state() == ReplicaStatus.State.LEADER
                && inSync + 1 == status.voters().size());
    }

    private static void warnOfDamage(
            io.taffrail.proto.control.ReplicaStatus.Builder message, ReplicaStatus status, ScrubStatus scrub) {
        if (scrub.damages().isEmpty()) {
            return;
        }
        var first = scrub.damages().getFirst();
        message.addWarnings("the log is damaged in %s places, the first from LSN %s to %s (%s): %s"
                .formatted(
                        scrub.damages().size(),
                        first.fromLsn(),
                        first.toLsn(),
                        first.what(),
                        status.voters().size() > 1
                                ? "it is repaired from the other replicas"
                                        + (scrub.lastFailure().isEmpty()
                                                ? ""
                                                : ", in vain so far: " + scrub.lastFailure())
                                : "no other replica has it; reads of that range are refused, restore it from a backup or"
                                        + " let retention delete it, and replace the volume"));
    }

    /// Where all else is well, a hole in the log is what there is to say.
    private static Integrity integrity(ReplicaStatus.Integrity integrity, ScrubStatus scrub) {
        return integrity == ReplicaStatus.Integrity.INTACT && !scrub.damages().isEmpty()
                ? Integrity.INTEGRITY_DAMAGED
                : integrity(integrity);
    }

    private static io.taffrail.proto.control.Election election(Election election) {
        return io.taffrail.proto.control.Election.newBuilder()
                .setEpoch(election.epoch())
                .setLeaderNodeId(election.leader())
                .setStartLsn(election.startLsn())
                .setTier(election.tier())
                .setPossibleAsyncLoss(election.possibleLoss())
                .build();
    }

    private static boolean isVoter(ReplicaStatus status, int nodeId) {
        return status.voters().stream().anyMatch(peer -> peer.nodeId() == nodeId);
    }

    private static FollowerStatus follower(ReplicaStatus.Follower follower, long leaderReceived) {
        return FollowerStatus.newBuilder()
                .setNodeId(follower.nodeId())
                .setReceivedLsn(follower.receivedLsn())
                .setFlushedLsn(follower.flushedLsn())
                .setInSync(follower.inSync())
                .setConnected(follower.connected())
                .setLagBytes(Math.max(0, leaderReceived - follower.receivedLsn()))
                .setLastAckMillis(TimeUnit.NANOSECONDS.toMillis(follower.lastAckAgeNanos()))
                .setIntegrity(integrity(follower.integrity()))
                .build();
    }

    private static Voter voter(Peer peer) {
        return Voter.newBuilder()
                .setNodeId(peer.nodeId())
                .setStorageUuid(Uuids.wire(peer.storageId()))
                .setPeerAddress(peer.peerAddress())
                .setClientAddress(peer.clientAddress())
                .build();
    }

    private static State state(ReplicaStatus.State state) {
        return switch (state) {
            case UNINITIALIZED -> State.STATE_UNINITIALIZED;
            case FOLLOWER -> State.STATE_FOLLOWER;
            case CANDIDATE -> State.STATE_CANDIDATE;
            case LEADER_OPENING -> State.STATE_LEADER_OPENING;
            case LEADER -> State.STATE_LEADER;
            case LEARNER -> State.STATE_LEARNER;
            case STOPPING -> State.STATE_STOPPING;
            case FAILED -> State.STATE_FAILED;
        };
    }

    private static Integrity integrity(ReplicaStatus.Integrity integrity) {
        return switch (integrity) {
            case INTACT -> Integrity.INTEGRITY_INTACT;
            case AMNESIC -> Integrity.INTEGRITY_AMNESIC;
            case SUSPECT -> Integrity.INTEGRITY_SUSPECT;
            case EVICTED -> Integrity.INTEGRITY_EVICTED;
        };
    }
}
