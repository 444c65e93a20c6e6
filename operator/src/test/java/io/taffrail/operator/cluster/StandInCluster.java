package io.taffrail.operator.cluster;

import com.google.protobuf.ByteString;
import io.taffrail.proto.control.ApplySettingsRequest;
import io.taffrail.proto.control.BootstrapRequest;
import io.taffrail.proto.control.ChangeVotersRequest;
import io.taffrail.proto.control.FollowerStatus;
import io.taffrail.proto.control.Integrity;
import io.taffrail.proto.control.ReplicaStatus;
import io.taffrail.proto.control.Settings;
import io.taffrail.proto.control.State;
import io.taffrail.proto.control.Voter;
import io.taffrail.proto.log.StreamDescription;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/// What the operator sees of a cluster through the control protocol, without a log: who is there, who leads, who
/// votes, which settings hold. It keeps the protocol's rules (one cluster id, compare-and-set of the configuration,
/// settings that only grow), so that an operator that breaks one fails here as it would in earnest.
final class StandInCluster {
    /// The disk: it outlives the process.
    static final class Disk {
        final ByteString storageId = bytes(UUID.randomUUID());
        ByteString clusterId = ByteString.EMPTY;
        Settings settings = Settings.getDefaultInstance();
        long settingsGeneration;
    }

    private final Map<Integer, Disk> disks = new TreeMap<>();
    private final Map<Integer, Boolean> running = new TreeMap<>();
    private final Map<Integer, Voter> voters = new TreeMap<>();
    private final Map<Integer, Voter> learners = new TreeMap<>();
    private final List<String> calls = new ArrayList<>();
    private final Map<String, StreamDescription> streams = new ConcurrentHashMap<>();
    private long configId;
    private long epoch;
    private int leader = -1;

    synchronized void start(int node) {
        disks.computeIfAbsent(node, ignored -> new Disk());
        running.put(node, true);
        elect();
    }

    synchronized void stop(int node) {
        running.remove(node);
        elect();
    }

    synchronized void replaceDisk(int node) {
        disks.put(node, new Disk());
        elect();
    }

    Map<String, StreamDescription> streams() {
        return streams;
    }

    synchronized List<String> calls() {
        return List.copyOf(calls);
    }

    synchronized int leader() {
        return leader;
    }

    synchronized List<Integer> voters() {
        return List.copyOf(voters.keySet());
    }

    /// As a readiness probe would find it.
    synchronized boolean serves(int node) {
        return running.containsKey(node)
                && (node == leader || (leader >= 0 && state(node) != State.STATE_UNINITIALIZED));
    }

    synchronized Settings settings(int node) {
        return disk(node).settings;
    }

    private Disk disk(int node) {
        var disk = disks.get(node);
        if (disk == null) {
            throw new IllegalStateException("node " + node + " never started");
        }
        return disk;
    }

    private boolean votes(int node) {
        var voter = voters.get(node);
        return voter != null
                && running.containsKey(node)
                && disk(node).storageId.equals(voter.getStorageUuid())
                && !disk(node).clusterId.isEmpty();
    }

    private void elect() {
        if (leader >= 0 && !votes(leader)) {
            leader = -1;
        }
        var up = voters.keySet().stream().filter(this::votes).toList();
        if (leader < 0 && !voters.isEmpty() && up.size() > voters.size() / 2) {
            leader = up.getFirst();
            epoch++;
        }
    }

    synchronized void bootstrap(int node, BootstrapRequest request) {
        calls.add("bootstrap " + node);
        var disk = disk(node);
        if (!disk.clusterId.isEmpty() && !disk.clusterId.equals(request.getClusterId())) {
            throw new IllegalStateException("node " + node + " belongs to another cluster");
        }
        disk.clusterId = request.getClusterId();
        if (configId == 0) {
            configId = 1;
            request.getVotersList().forEach(voter -> voters.put(voter.getNodeId(), voter));
        }
        elect();
    }

    synchronized void applySettings(int node, ApplySettingsRequest request) {
        calls.add("settings " + node + " " + request.getGeneration());
        var disk = disk(node);
        if (request.getGeneration() < disk.settingsGeneration) {
            throw new IllegalStateException("settings of generation " + disk.settingsGeneration + " are newer");
        }
        disk.settings = request.getSettings();
        disk.settingsGeneration = request.getGeneration();
    }

    synchronized void transfer(int node, int target) {
        calls.add("transfer " + node + " " + target);
        if (node != leader || !votes(target)) {
            throw new IllegalStateException("node " + leader + " leads, not " + node + ", or " + target + " cannot");
        }
        leader = target;
        epoch++;
    }

    synchronized long changeVoters(int node, ChangeVotersRequest request) {
        calls.add("voters " + request.getChangeCase());
        if (node != leader || request.getExpectedConfigId() != configId) {
            throw new IllegalStateException("node " + leader + " leads with configuration " + configId);
        }
        switch (request.getChangeCase()) {
            case ADD_LEARNER -> {
                var learner = request.getAddLearner();
                learners.put(learner.getNodeId(), learner);
                disk(learner.getNodeId()).clusterId = disk(leader).clusterId;
            }
            case PROMOTE_LEARNER_NODE_ID -> {
                var learner = Optional.ofNullable(learners.remove(request.getPromoteLearnerNodeId()))
                        .orElseThrow();
                voters.put(learner.getNodeId(), learner);
            }
            case REMOVE_VOTER_NODE_ID -> voters.remove(request.getRemoveVoterNodeId());
            case REMOVE_LEARNER_NODE_ID -> learners.remove(request.getRemoveLearnerNodeId());
            case CHANGE_NOT_SET -> throw new IllegalArgumentException("no change");
        }
        return ++configId;
    }

    synchronized ReplicaStatus status(int node) {
        var disk = disk(node);
        var status = ReplicaStatus.newBuilder()
                .setNodeId(node)
                .setStorageUuid(disk.storageId)
                .setClusterId(disk.clusterId)
                .setIntegrity(Integrity.INTEGRITY_INTACT)
                .setEpoch(epoch)
                .setState(state(node))
                .setSettings(disk.settings)
                .setSettingsGeneration(disk.settingsGeneration)
                .setVersion("0.1.0")
                .setIoMethod("Worker")
                .setDiskTotalBytes(1 << 30)
                .setDiskFreeBytes(1 << 29);
        if (!disk.clusterId.isEmpty()) {
            status.setConfigId(configId).addAllVoters(voters.values()).addAllLearners(learners.values());
        }
        if (node == leader) {
            followers().forEach(status::addFollowers);
        }
        return status.build();
    }

    private List<FollowerStatus> followers() {
        var members = new TreeMap<>(voters);
        members.putAll(learners);
        return members.keySet().stream()
                .filter(member -> member != leader)
                .sorted(Comparator.naturalOrder())
                .map(member -> FollowerStatus.newBuilder()
                        .setNodeId(member)
                        .setInSync(running.containsKey(member))
                        .setConnected(running.containsKey(member))
                        .setIntegrity(Integrity.INTEGRITY_INTACT)
                        .build())
                .toList();
    }

    private State state(int node) {
        if (disk(node).clusterId.isEmpty()) {
            return State.STATE_UNINITIALIZED;
        }
        if (node == leader) {
            return State.STATE_LEADER;
        }
        if (learners.containsKey(node)) {
            return State.STATE_LEARNER;
        }
        return leader < 0 ? State.STATE_CANDIDATE : State.STATE_FOLLOWER;
    }

    private static ByteString bytes(UUID id) {
        return ByteString.copyFrom(ByteBuffer.allocate(16)
                .putLong(id.getMostSignificantBits())
                .putLong(id.getLeastSignificantBits())
                .flip());
    }
}
