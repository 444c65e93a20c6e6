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
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// What the operator sees of a cluster through the control protocol, without a log: who is there, who leads, who
/// votes, which settings hold. It keeps the protocol's rules (one cluster id, compare-and-set of the configuration,
/// settings that only grow), so that an operator that breaks one fails here as it would in earnest.
///
/// Of the log it keeps how long it is: a record is acknowledged when a majority of the voters in sync has it, and a
/// replica that starts has to catch up first. So an operator that takes away too much loses a record here, too.
final class StandInCluster {
    /// The disk: it outlives the process.
    static final class Disk {
        final ByteString storageId = bytes(UUID.randomUUID());
        ByteString clusterId = ByteString.EMPTY;
        Settings settings = Settings.getDefaultInstance();
        long settingsGeneration;
        long records;
        boolean inSync;
        long inSyncAtNanos;
        long readAtNanos = System.nanoTime();
    }

    private final long catchUpNanos;
    private long readNanos;
    private final List<String> violations = new ArrayList<>();
    private ByteString bootstrapped = ByteString.EMPTY;
    private long acknowledged;

    private final Map<Integer, Disk> disks = new TreeMap<>();
    private final Map<Integer, Boolean> running = new TreeMap<>();
    private final Map<Integer, Voter> voters = new TreeMap<>();
    private final Map<Integer, Voter> learners = new TreeMap<>();
    private final List<String> calls = new ArrayList<>();
    private final Map<String, StreamDescription> streams = new ConcurrentHashMap<>();
    private final Set<Integer> unflushed = new HashSet<>();
    private long configId;
    private long epoch;
    private int leader = -1;

    StandInCluster() {
        this(Duration.ZERO);
    }

    /// @param catchUp how long a replica takes to be in sync after it has started; half of it, it reads its log
    StandInCluster(Duration catchUp) {
        catchUpNanos = catchUp.toNanos();
        readNanos = catchUpNanos / 2;
    }

    /// Replicas that start from now on read their logs until [#endReads].
    synchronized void holdReads() {
        readNanos = Long.MAX_VALUE / 2;
    }

    synchronized void endReads() {
        readNanos = 0;
        disks.values().forEach(disk -> disk.readAtNanos = System.nanoTime());
        elect();
    }

    synchronized void start(int node) {
        var disk = disks.computeIfAbsent(node, ignored -> new Disk());
        running.put(node, true);
        disk.readAtNanos = System.nanoTime() + readNanos;
        behind(disk);
        elect();
    }

    /// Whether it was started with flushing turned off.
    synchronized void fsyncDisabled(int node, boolean disabled) {
        if (disabled) {
            unflushed.add(node);
        } else {
            unflushed.remove(node);
        }
    }

    synchronized void stop(int node) {
        running.remove(node);
        disk(node).inSync = false;
        elect();
    }

    synchronized void replaceDisk(int node) {
        disks.put(node, new Disk());
        behind(disk(node));
        elect();
    }

    private void behind(Disk disk) {
        disk.inSync = false;
        disk.inSyncAtNanos = System.nanoTime() + catchUpNanos;
    }

    /// What happened in a real cluster by itself: followers that had time enough have what their leader has.
    private void catchUp() {
        if (leader < 0) {
            return;
        }
        var members = new TreeMap<>(voters);
        members.putAll(learners);
        for (var member : members.entrySet()) {
            var disk = disks.get(member.getKey());
            if (disk != null
                    && !disk.inSync
                    && running.containsKey(member.getKey())
                    && !recovers(member.getKey())
                    && disk.storageId.equals(member.getValue().getStorageUuid())
                    && (member.getKey() == leader || System.nanoTime() - disk.inSyncAtNanos >= 0)) {
                // One that never heard of the bootstrap, because it was restarted meanwhile, hears of it from its
                // leader.
                disk.clusterId = disk(leader).clusterId;
                disk.records = disk(leader).records;
                disk.inSync = true;
            }
        }
    }

    /// Appends a record; false: nobody could acknowledge it.
    synchronized boolean append() {
        elect();
        if (leader < 0 || votersInSync(-1) < majority()) {
            return false;
        }
        for (var member : List.of(voters, learners)) {
            for (var node : member.keySet()) {
                if (inSync(node)) {
                    disk(node).records++;
                }
            }
        }
        acknowledged = disk(leader).records;
        return true;
    }

    synchronized long acknowledged() {
        return acknowledged;
    }

    /// What must never have happened, and did.
    synchronized List<String> violations() {
        return List.copyOf(violations);
    }

    /// The operator is about to end this node's pod.
    ///
    /// @return null: nothing is taken away that is needed
    synchronized @Nullable String harmOfRestarting(int node) {
        catchUp();
        if (!voters.containsKey(node) || !running.containsKey(node)) {
            return null;
        }
        if (votersInSync(-1) >= majority() && votersInSync(node) < majority()) {
            return "node " + node + " is restarted, which leaves " + votersInSync(node) + " of " + voters.size()
                    + " voters in sync";
        }
        return inSync(node) || leader < 0 ? null : "node " + node + " is restarted while it catches up";
    }

    private boolean inSync(int node) {
        var disk = disks.get(node);
        return disk != null && disk.inSync && running.containsKey(node);
    }

    private int votersInSync(int without) {
        return (int) voters.keySet().stream()
                .filter(node -> node != without && inSync(node))
                .count();
    }

    private int majority() {
        return voters.size() / 2 + 1;
    }

    Map<String, StreamDescription> streams() {
        return streams;
    }

    /// A follower that is behind has never heard of any.
    synchronized Map<String, StreamDescription> streamsKnownTo(int node) {
        return inSync(node) ? streams : Map.of();
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
                && !recovers(node)
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

    /// It answers, and knows of its volume only that it is there.
    private boolean recovers(int node) {
        return System.nanoTime() - disk(node).readAtNanos < 0;
    }

    /// As a replica's commands are: refused until it has read its log.
    private Disk opened(int node) {
        if (recovers(node)) {
            throw new IllegalStateException("node " + node + " reads its log");
        }
        return disk(node);
    }

    private boolean votes(int node) {
        var voter = voters.get(node);
        return voter != null
                && running.containsKey(node)
                && !recovers(node)
                && disk(node).storageId.equals(voter.getStorageUuid())
                && !disk(node).clusterId.isEmpty();
    }

    private void elect() {
        if (leader >= 0 && !votes(leader)) {
            leader = -1;
        }
        var up = voters.keySet().stream().filter(this::votes).toList();
        if (leader < 0 && !voters.isEmpty() && up.size() > voters.size() / 2) {
            // The longest log, as an election would find it.
            leader = up.stream()
                    .max(Comparator.comparingLong((Integer node) -> disk(node).records)
                            .thenComparing(Comparator.reverseOrder()))
                    .orElseThrow();
            epoch++;
            if (disk(leader).records < acknowledged) {
                violations.add("node " + leader + " leads with " + disk(leader).records + " of " + acknowledged
                        + " acknowledged records");
            }
        }
        catchUp();
    }

    synchronized void bootstrap(int node, BootstrapRequest request) {
        calls.add("bootstrap " + node);
        var disk = opened(node);
        if (!disk.clusterId.isEmpty() && !disk.clusterId.equals(request.getClusterId())) {
            throw new IllegalStateException("node " + node + " belongs to another cluster");
        }
        if (!bootstrapped.isEmpty() && !bootstrapped.equals(request.getClusterId())) {
            violations.add("a second cluster was begun");
        }
        bootstrapped = request.getClusterId();
        disk.clusterId = request.getClusterId();
        if (configId == 0) {
            configId = 1;
            request.getVotersList().forEach(voter -> voters.put(voter.getNodeId(), voter));
        }
        elect();
    }

    synchronized void applySettings(int node, ApplySettingsRequest request) {
        calls.add("settings " + node + " " + request.getGeneration());
        var disk = opened(node);
        if (request.getGeneration() < disk.settingsGeneration) {
            throw new IllegalStateException("settings of generation " + disk.settingsGeneration + " are newer");
        }
        disk.settings = request.getSettings();
        disk.settingsGeneration = request.getGeneration();
    }

    synchronized void transfer(int node, int target) {
        calls.add("transfer " + node + " " + target);
        catchUp();
        if (node != leader || !votes(target) || !inSync(target)) {
            throw new IllegalStateException("node " + leader + " leads, not " + node + ", or " + target + " cannot");
        }
        leader = target;
        epoch++;
    }

    synchronized long changeVoters(int node, ChangeVotersRequest request) {
        calls.add("voters " + request.getChangeCase());
        catchUp();
        var met = votersInSync(-1) >= majority();
        if (node != leader || request.getExpectedConfigId() != configId) {
            throw new IllegalStateException("node " + leader + " leads with configuration " + configId);
        }
        switch (request.getChangeCase()) {
            case ADD_LEARNER -> {
                var learner = request.getAddLearner();
                learners.put(learner.getNodeId(), learner);
                behind(disk(learner.getNodeId()));
                disk(learner.getNodeId()).clusterId = disk(leader).clusterId;
            }
            case PROMOTE_LEARNER_NODE_ID -> {
                if (!inSync(request.getPromoteLearnerNodeId())) {
                    throw new IllegalStateException(request.getPromoteLearnerNodeId() + " has not caught up");
                }
                var learner = Optional.ofNullable(learners.remove(request.getPromoteLearnerNodeId()))
                        .orElseThrow();
                voters.put(learner.getNodeId(), learner);
            }
            case REMOVE_VOTER_NODE_ID -> voters.remove(request.getRemoveVoterNodeId());
            case REMOVE_LEARNER_NODE_ID -> learners.remove(request.getRemoveLearnerNodeId());
            case CHANGE_NOT_SET -> throw new IllegalArgumentException("no change");
        }
        if (met && votersInSync(-1) < majority()) {
            violations.add(request.getChangeCase() + " leaves " + votersInSync(-1) + " of " + voters.size()
                    + " voters in sync");
        }
        return ++configId;
    }

    synchronized ReplicaStatus status(int node) {
        elect();
        var disk = disk(node);
        var status = ReplicaStatus.newBuilder()
                .setNodeId(node)
                .setVersion("0.1.0")
                .setIoMethod("Worker")
                .setFsyncDisabled(unflushed.contains(node))
                .setDiskTotalBytes(1 << 30)
                .setDiskFreeBytes(1 << 29);
        if (recovers(node)) {
            return status.setState(State.STATE_RECOVERING)
                    .setStateDetail("reads its log, 40 % are done")
                    .setRecoveryPercent(40)
                    .build();
        }
        status.setStorageUuid(disk.storageId)
                .setClusterId(disk.clusterId)
                .setIntegrity(Integrity.INTEGRITY_INTACT)
                .setEpoch(epoch)
                .setState(state(node))
                .setSettings(disk.settings)
                .setSettingsGeneration(disk.settingsGeneration);
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
                        .setInSync(inSync(member))
                        .setLagBytes(inSync(member) ? 0 : 1L << 30)
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
