package io.taffrail.simulation;

import io.taffrail.replication.AppendOutcome;
import io.taffrail.replication.Peer;
import io.taffrail.replication.Replica;
import io.taffrail.replication.ReplicaStatus;
import io.taffrail.replication.codec.ControlEntryCodec;
import io.taffrail.replication.codec.FrameCodec;
import io.taffrail.replication.codec.MalformedException;
import io.taffrail.replication.protocol.Message;
import io.taffrail.replication.protocol.Watermarks;
import io.taffrail.simulation.check.AckLedger.OpenLeader;
import io.taffrail.simulation.check.Acknowledgement;
import io.taffrail.simulation.check.Checks;
import io.taffrail.simulation.check.FaultHistory;
import io.taffrail.simulation.check.InvariantViolation;
import io.taffrail.simulation.check.ObservedEntry;
import io.taffrail.simulation.check.ObservedLog;
import io.taffrail.simulation.check.RoomToStart;
import io.taffrail.simulation.check.VotersByEpoch;
import io.taffrail.simulation.world.Choices;
import io.taffrail.simulation.world.NodeClock;
import io.taffrail.simulation.world.ProcessEnded;
import io.taffrail.simulation.world.ProcessLife;
import io.taffrail.simulation.world.Randomness;
import io.taffrail.simulation.world.SimulatedDisk;
import io.taffrail.simulation.world.SimulatedNetwork;
import io.taffrail.simulation.world.SimulatedScheduler;
import io.taffrail.simulation.world.Trace;
import io.taffrail.streams.ReplicationMode;
import io.taffrail.streams.StreamView;
import io.taffrail.wal.RecoveryReport;
import io.taffrail.wal.WalException;
import io.taffrail.wal.io.FlushFailedException;
import io.taffrail.wal.record.EntryType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The nodes of one run, what can be done to them, and what is checked whenever something happens to them.
public final class SimulatedCluster implements SimulatedProcess.Observer {
    private static final int TRACE_EVENTS = Integer.getInteger("traceEvents", 400);
    private static final long SURVIVED_NANOS = 5 * SimulationOptions.SECOND;
    private static final long BOOTSTRAP_RETRY_NANOS = 500 * SimulationOptions.MILLI;

    private final SimulationOptions options;
    private final Randomness randomness;
    private final SimulatedScheduler scheduler;
    private final SimulatedNetwork network;
    private final SplittableRandom crashes;
    private final List<ClusterNode> nodes = new ArrayList<>();
    private final Checks checks;
    private final Coverage coverage = new Coverage();
    private final Map<Long, @Nullable String> streamNames = new HashMap<>();
    private final LeaderCoverage leaderCoverage = new LeaderCoverage(coverage);
    private @Nullable UUID clusterId;
    private boolean bootstrapped;
    private long lastOpenedEpoch;
    private long newestConfigId;
    /// In which it was appended, or a leader went on with it.
    private long newestConfigEpoch;
    private Map<Integer, UUID> voters = Map.of();
    private Map<Integer, UUID> votersBefore = Map.of();
    private Map<Integer, UUID> votersNext = Map.of();
    private final VotersByEpoch votersByEpoch = new VotersByEpoch();
    /// A majority has heard of the voters: a leader that is lost does not take them with it any more.
    private boolean votersSettled = true;
    private final Histories histories;
    private final OlderVolumes olderVolumes = new OlderVolumes(this);
    private @Nullable RuntimeException violation;

    public SimulatedCluster(SimulationOptions options) {
        this.options = options;
        randomness = new Randomness(options.seed());
        scheduler = new SimulatedScheduler(randomness.named("scheduler"), new Trace(TRACE_EVENTS));
        network = new SimulatedNetwork(scheduler, randomness.named("network"));
        crashes = randomness.named("crashes");
        checks = new Checks(options);
        histories = new Histories(nodes, options.log().retentionBytes() > 0, checks, coverage, scheduler);
        network.tap(this::said);
        var clocks = randomness.named("clocks");
        for (var id = 0; id < options.allNodes(); id++) {
            var disk = new SimulatedDisk(options.volume());
            var clock = new NodeClock(scheduler, clocks.nextLong(1_000 * SimulationOptions.SECOND), 1);
            nodes.add(new ClusterNode(id, disk, clock));
        }
    }

    public SimulationOptions options() {
        return options;
    }

    public Randomness randomness() {
        return randomness;
    }

    public SimulatedScheduler scheduler() {
        return scheduler;
    }

    public SimulatedNetwork network() {
        return network;
    }

    public List<ClusterNode> nodes() {
        return nodes;
    }

    public Checks checks() {
        return checks;
    }

    public Coverage coverage() {
        return coverage;
    }

    public Histories histories() {
        return histories;
    }

    public OlderVolumes olderVolumes() {
        return olderVolumes;
    }

    // Lives

    public void start(ClusterNode node) {
        if (node.isUp() || node.held) {
            return;
        }
        olderVolumes.replaceIfItCatchesUp(node);
        var life = ++node.lives;
        scheduler.note("start node " + node.id() + " life " + life);
        node.log = null;
        node.comparedLsn = 0;
        node.faultsOfDisk = 0;
        // A log that is behind the state it was given is suspect to the next process, not to this one.
        node.wasSuspect = node.integrity == ReplicaStatus.Integrity.SUSPECT || VolumeWitness.saysSuspect(node.disk());
        node.integrity = null;
        node.historyId = null;
        node.checkpointLsn = VolumeWitness.checkpointLsn(node.disk());
        lookForTheWitness(node);
        if (node.cacheLies && !node.flushFailed && !node.exchanged()) {
            coverage.count("a cache that lies believed");
            node.damageLasts = true;
            // From where on is not known.
            silentlyDamaged(node, 0);
        }
        // It may have died while its machine was suspended; no process begins on one that is.
        thaw(node);
        node.process = new SimulatedProcess(
                node.id(),
                life,
                options,
                scheduler,
                node.clock(),
                node.disk(),
                network,
                randomness.child("node " + node.id() + " life " + life),
                node.flushFailed,
                this);
    }

    public void startAll() {
        nodes.forEach(this::start);
        bootstrapWhenUp();
    }

    private void bootstrapWhenUp() {
        if (bootstrapped) {
            return;
        }
        var first = nodes.getFirst().replica();
        var initial = nodes.subList(0, options.nodes());
        if (first != null && initial.stream().allMatch(node -> node.replica() != null)) {
            if (clusterId == null) {
                var ids = randomness.named("cluster id");
                clusterId = new UUID(ids.nextLong(), ids.nextLong());
            }
            var peers = initial.stream().map(SimulatedCluster::peer).toList();
            first.bootstrap(clusterId, peers, outcome -> bootstrapped = true);
        }
        scheduler.after(BOOTSTRAP_RETRY_NANOS, this::bootstrapWhenUp);
    }

    /// As it is named among the voters; the node is up.
    public static Peer peer(ClusterNode node) {
        var replica = node.replica();
        if (replica == null) {
            throw new IllegalStateException("node " + node.id() + " is down");
        }
        return new Peer(
                node.id(),
                replica.status().storageId(),
                ClusterSettings.peerAddress(node.id()),
                "node-" + node.id() + ":9090");
    }

    /// The process dies, its machine lives on.
    public void crash(ClusterNode node, String why) {
        var process = node.process;
        if (process == null) {
            return;
        }
        scheduler.note("crash " + process + ": " + why);
        lookBeforeDeath(node);
        process.processLife().end();
        node.process = null;
        node.disk().processEnded(Choices.random(crashes));
        network.detach(node.id(), process.processLife(), false);
        checks.history().unclean(scheduler.nowNanos(), node.id());
    }

    public void losePower(ClusterNode node) {
        var process = node.process;
        scheduler.note("power loss of node " + node.id());
        lookBeforeDeath(node);
        if (process != null) {
            process.processLife().end();
            network.detach(node.id(), process.processLife(), true);
        }
        node.process = null;
        node.disk().losePower(Choices.random(crashes));
        var owner = node.volumesOwner();
        touched(owner);
        // Nothing of it is left to be believed.
        owner.cacheLies = false;
        checks.history().unclean(scheduler.nowNanos(), node.id());
    }

    /// As a SIGTERM does.
    public void shutDown(ClusterNode node, Runnable done) {
        var process = node.process;
        var replica = node.replica();
        if (process == null || replica == null) {
            done.run();
            return;
        }
        scheduler.note("shut down " + process);
        replica.shutdown(() -> scheduler.after(0, () -> {
            if (node.process == process) {
                scheduler.note("exit of " + process);
                coverage.count("clean exit");
                process.processLife().end();
                node.process = null;
                node.disk().processEnded(Choices.random(crashes));
                network.detach(node.id(), process.processLife(), false);
                done.run();
            }
        }));
    }

    public void crashAtEffect(ClusterNode node, long effects) {
        if (node.process != null) {
            node.process.processLife().endAfterEffects(effects);
        }
    }

    public void disarm(ClusterNode node) {
        if (node.process != null) {
            node.process.processLife().endAfterEffects(Long.MAX_VALUE / 2);
        }
    }

    /// The disk has refused something; what the process does from here on may be to give up. `lasts`: later reads may
    /// show bytes that the disk does not hold. `vital`: no replica may go on without it.
    public void diskFault(ClusterNode node, boolean lasts, boolean vital) {
        if (vital && node.process != null) {
            checks.failedDisks().failed(node.process.toString(), scheduler.nowNanos());
        }
        node.faultsOfDisk++;
        node.faultOfDiskNanos = scheduler.nowNanos();
        touched(node);
        node.cacheLies |= lasts;
        damaged(node);
    }

    /// The node's volume does not hold any more what it held.
    public void damaged(ClusterNode node) {
        var log = node.log;
        node.repairedAtLsn = Math.max(node.repairedAtLsn, log == null ? 0 : log.flushedLsn());
        checks.history().damaged(scheduler.nowNanos(), node.id());
        checks.history().unclean(scheduler.nowNanos(), node.id());
    }

    /// The node's volume does not hold any more what it held from `fromLsn` on, and nothing on it tells.
    public void silentlyDamaged(ClusterNode node, long fromLsn) {
        checks.history().silentlyDamaged(scheduler.nowNanos(), node.id(), fromLsn);
        damaged(node);
    }

    /// The node's log cannot be read from here on, and its volume says itself that it had been flushed further: the
    /// next process has to notice, if `witness` still finds what says so when it starts.
    public void mustNotice(ClusterNode node, long lsn, Predicate<SimulatedDisk> witness) {
        var before = node.mustNoticeLsn;
        node.witness = before < 0 ? witness : node.witness.or(witness);
        node.mustNoticeLsn = before < 0 ? lsn : Math.min(before, lsn);
    }

    /// What said that the log had been flushed further may be gone itself: by a power loss, if only the page cache
    /// held it, or by more damage. Then no process can know.
    private void lookForTheWitness(ClusterNode node) {
        if (node.mustNoticeLsn < 0) {
            return;
        }
        var tells = node.witness.test(node.disk()) || VolumeWitness.saysSuspect(node.disk());
        if (tells || node.wasTold) {
            if (node.wasTold) {
                coverage.count("told of damage as a process before it was, which died");
            }
            node.wasTold = true;
        } else {
            scheduler.note("nothing on node " + node.id() + " tells any more that it was flushed beyond "
                    + node.mustNoticeLsn);
            coverage.count("a witness of damage lost");
            silentlyDamaged(node, node.mustNoticeLsn);
            node.mustNoticeLsn = -1;
        }
    }

    /// Bytes of an old segment have changed: whoever reads them is told, until the replica has made them good.
    public void rots(ClusterNode node) {
        node.rots = true;
        damaged(node);
        touched(node);
    }

    /// A reader is told that bytes are bad, and tells the replica as a service does.
    public void metDamage(ClusterNode node, Replica replica, WalException.BadEntry bad, long lsn) {
        if (!node.rots && !node.damageLasts) {
            throw bad;
        }
        coverage.count("reader was told of damage");
        replica.doubt(lsn);
    }

    /// Whether nothing that rotted is left: the scrubber has found it, and the others had what it was.
    boolean isRepaired() {
        noteRepairs();
        // Nobody fills one that votes no more.
        return nodes.stream().noneMatch(node -> node.rots && isVoter(node));
    }

    private void noteRepairs() {
        for (var node : nodes) {
            var replica = node.replica();
            if (!node.rots || replica == null) {
                continue;
            }
            // Before it has met a leader it does not say how long its log is, and a segment whose header is bad looks
            // like the place where the log ends.
            var flushedLsn = replica.watermarks().leaderFlushed();
            if (flushedLsn > 0
                    && replica.scrub().damages().isEmpty()
                    && VolumeWitness.isWhole(node.disk(), flushedLsn)) {
                scheduler.note("node " + node.id() + " has made good what rotted");
                coverage.count("old segment repaired");
                node.rots = false;
            }
        }
    }

    /// Something other than its own processes has changed the node's volume: what told a process need not be there for
    /// the next one.
    public void touched(ClusterNode node) {
        node.wasTold = false;
    }

    /// How far small files of the volume say that its log had been flushed; `checkpoints`: they are whole and say so,
    /// too.
    public static long rememberedLsn(SimulatedDisk disk, boolean checkpoints) {
        return Math.max(VolumeWitness.durableHintLsn(disk), checkpoints ? VolumeWitness.checkpointLsn(disk) : 0);
    }

    /// The node is down. It comes back with a new volume.
    public void emptyVolume(ClusterNode node) {
        damaged(node);
        replaceVolume(node);
    }

    /// The node is down, and its own volume is no member's any more, wherever that is. It comes back with a new one.
    public void replaceVolume(ClusterNode node) {
        var other = node.exchangedWith;
        if (other != null) {
            crash(other, "gets its own volume back");
            exchangeVolumes(node, other);
            scheduler.after(0, () -> start(other));
        }
        scheduler.note("node " + node.id() + " gets an empty volume");
        var behaviour = node.disk.behaviour();
        node.disk = new SimulatedDisk(options.volume());
        node.disk.behaviour(behaviour);
        node.givenUp = false;
        node.isOlder = false;
        node.rots = false;
        olderVolumes.replaceAll();
        node.volumes++;
        node.cacheLies = false;
        node.damageLasts = false;
        node.flushFailed = false;
        node.repairedAtLsn = 0;
        node.mustNoticeLsn = -1;
        checks.epochs().forget(node.id());
        checks.configurations().forget(node.id());
    }

    /// Whether the node's volume says whose it is: a new one does from when its replica's first incarnation is durable.
    public boolean namesItsOwner(ClusterNode node) {
        return new VolumeWitness(node.disk()).meta() != null;
    }

    /// What a copy that is made of the node's volume now has: what a power loss would leave.
    public SimulatedDisk snapshot(ClusterNode node) {
        var copy = node.disk.copy();
        copy.losePower(Choices.random(crashes));
        return copy;
    }

    /// The node is down, or dies now, and nobody starts it before it is released.
    public void hold(ClusterNode node) {
        node.held = true;
    }

    public void release(ClusterNode node) {
        node.held = false;
    }

    /// Both are down. Each gets the volume that the other has: another node's, or its own back.
    public void exchangeVolumes(ClusterNode one, ClusterNode other) {
        scheduler.note("nodes " + one.id() + " and " + other.id() + " get each other's volume");
        var disk = one.disk;
        one.disk = other.disk;
        other.disk = disk;
        var back = one.exchangedWith(other);
        one.exchangedWith = back ? null : other;
        other.exchangedWith = back ? null : one;
    }

    /// Of the newest configuration that any replica has shown.
    public Map<Integer, UUID> voters() {
        return voters;
    }

    public boolean isVoter(ClusterNode node) {
        return isOneOf(voters, node);
    }

    /// Whether the node, up or down, has the volume that votes.
    public boolean hasVotersVolume(ClusterNode node) {
        var meta = VolumeWitness.metaAsRead(node.disk());
        return meta != null && meta.storageId().equals(voters.get(node.id()));
    }

    private static boolean isOneOf(Map<Integer, UUID> some, ClusterNode node) {
        var replica = node.replica();
        var storage = some.get(node.id());
        return storage != null
                && (replica == null || replica.status().storageId().equals(storage));
    }

    /// The administrator asks for these voters, which may be in force at any time from now on; empty: for none.
    public void changingTo(Map<Integer, UUID> next) {
        votersNext = next;
    }

    /// Voters that may fail now.
    public int tolerated() {
        var known = checks.history().tolerated();
        var next = votersNext.isEmpty() ? known : Math.min(known, FaultHistory.tolerated(votersNext.size()));
        return areVotersSettled() ? next : Math.min(next, FaultHistory.tolerated(votersBefore.size()));
    }

    private boolean areVotersSettled() {
        if (!votersSettled) {
            var heard = nodes.stream()
                    .filter(node -> voters.containsKey(node.id()))
                    .map(ClusterNode::replica)
                    .filter(replica -> replica != null && replica.status().configId() >= newestConfigId)
                    .count();
            votersSettled = 2 * heard > voters.size();
        }
        return votersSettled;
    }

    /// Its volume as a voter; null: it is none.
    private @Nullable UUID votingStorage(int nodeId) {
        var storage = voters.get(nodeId);
        return storage != null || areVotersSettled() ? storage : votersBefore.get(nodeId);
    }

    public boolean mayVote(ClusterNode node) {
        return votingStorage(node.id()) != null;
    }

    /// Voters besides this one that are down or may have forgotten something.
    public int uncleanOthers(ClusterNode node) {
        var count = 0;
        for (var other : nodes) {
            if (other != node && mayVote(other) && isUncleanVoter(other)) {
                count++;
            }
        }
        return count;
    }

    public boolean isUncleanVoter(ClusterNode node) {
        var replica = node.replica();
        return replica == null
                || !isIntact(replica)
                || !replica.status().storageId().equals(votingStorage(node.id()))
                || checks.history().isUnclean(node.id())
                || checks.history().isDamaged(node.id());
    }

    /// Now, as far as the node has lived it: a call that blocks is ahead of the world.
    public long trueNanos(ClusterNode node) {
        return node.process == null ? scheduler.nowNanos() : node.process.loop().trueNanos();
    }

    private long aheadNanos(ClusterNode node) {
        return trueNanos(node) - scheduler.nowNanos();
    }

    /// The node's clock runs so fast from now on.
    public void clockRate(ClusterNode node, double rate) {
        node.clock().setRate(rate, aheadNanos(node));
    }

    public void pause(ClusterNode node, boolean clockStops) {
        if (node.process != null) {
            scheduler.note("pause node " + node.id());
            stoodStill(node);
            node.process.loop().pause();
            if (clockStops) {
                node.clock().freeze(aheadNanos(node));
                checks.history().clockStops(trueNanos(node), node.id());
            }
        }
    }

    private void thaw(ClusterNode node) {
        node.clock().thaw();
        checks.history().clockGoesOn(scheduler.nowNanos(), node.id());
    }

    public void resume(ClusterNode node) {
        thaw(node);
        if (node.process != null) {
            scheduler.note("resume node " + node.id());
            stoodStill(node);
            node.process.loop().resume();
        }
    }

    private void stoodStill(ClusterNode node) {
        checks.leases().stoodStill(node.id(), scheduler.nowNanos());
        if (node.process != null) {
            checks.gates().forget(node.process.toString());
        }
    }

    // What processes tell

    @Override
    public void recovered(SimulatedProcess process) {
        var node = nodes.get(process.nodeId());
        if (node.process == process && node.flushFailed) {
            if (node.cacheLies) {
                coverage.count("log copied out of a cache that lies");
            }
            node.flushFailed = false;
            node.cacheLies = false;
        }
    }

    @Override
    public void storageFailed(SimulatedProcess process) {
        var node = nodes.get(process.nodeId());
        if (node.process == process) {
            node.flushFailed = true;
        }
    }

    @Override
    public void looked(SimulatedProcess process, long freeBytes) {
        if (checks.reserve().looked(process.toString(), process.loop().trueNanos(), freeBytes)) {
            coverage.count("only the reserve is left");
        }
    }

    @Override
    public void ended(SimulatedProcess process, Throwable reason) {
        var node = nodes.get(process.nodeId());
        if (node.process != process) {
            return;
        }
        node.flushFailed |= FlushFailedException.isCauseOf(reason);
        if (node.exchanged()) {
            coverage.count("exchanged volume refused");
            crash(node, String.valueOf(reason.getMessage()));
            return;
        }
        if (reason instanceof WalException.NoRoom && isTooFullToStart(node, process)) {
            coverage.count("start refused for want of room");
            endedByItself(node, reason);
            return;
        }
        if (reason instanceof RuntimeException exception && node.faultsOfDisk == 0) {
            fail(new InvariantViolation("ReplicaNeverThrows", process + " threw " + exception, exception));
            return;
        }
        if (process.failedStorage() || node.faultsOfDisk > 0) {
            damaged(node);
            coverage.count("storage failed");
        }
        if (!(reason instanceof ProcessEnded)) {
            coverage.count("exit by exception");
        }
        endedByItself(node, reason);
    }

    /// It may say so only before it takes part.
    private boolean isTooFullToStart(ClusterNode node, SimulatedProcess process) {
        return process.lastReplica() == null
                && RoomToStart.mayLack(
                        node.disk().files(),
                        node.disk().freeBytes(),
                        options.log().segmentBytes());
    }

    /// Its supervisor starts it again.
    private void endedByItself(ClusterNode node, Throwable reason) {
        crash(node, String.valueOf(reason.getMessage()));
        scheduler.after(
                SimulationOptions.SECOND / 2 + crashes.nextLong(2 * SimulationOptions.SECOND), () -> start(node));
    }

    @Override
    public void statusChanged(SimulatedProcess process, ReplicaStatus status) {
        var node = nodes.get(process.nodeId());
        if (node.process != process) {
            return;
        }
        guarded(() -> {
            // Plain concatenation: this is the most frequent event of a run.
            scheduler.note("node " + node.id() + " " + status.state() + " " + status.integrity() + " epoch "
                    + status.epoch() + " received " + status.watermarks().leaderReceived() + " flushed "
                    + status.watermarks().leaderFlushed());
            coverage.count("state " + status.state());
            coverage.count("integrity " + status.integrity());
            if (node.exchanged()) {
                throw new InvariantViolation("VolumesOfOthersAreRefused", process + " runs with another node's volume");
            }
            checks.epochs().status(node.id(), process.life(), status.promisedEpoch());
            histories.follow(node, status, () -> look(node));
            olderVolumes.check(node, process, status);
            var first = node.integrity == null;
            if (first) {
                recovered(node, process, status);
            }
            // A replica tells of its opening before its incarnation is durable, and of nothing else but a failure.
            var inUse = !first && status.state() != ReplicaStatus.State.FAILED;
            checks.incarnations().status(status.storageId(), process.life(), status.incarnation(), inUse);
            configured(status);
            if (status.state() == ReplicaStatus.State.LEADER
                    && checks.configurations().isChanged(process.toString(), status)) {
                var log = look(node);
                if (log != null) {
                    checks.configurations().changed(process.toString(), status, log);
                }
            }
            countStatus(node, process, status);
            if (status.state() == ReplicaStatus.State.FAILED && checks.cuts().mustHalt(status.detail())) {
                coverage.count("halted rather than cut what was lost elsewhere");
            } else if (status.state() == ReplicaStatus.State.FAILED && node.faultsOfDisk == 0) {
                throw new InvariantViolation("ReplicaNeverFails", process + " failed: " + status.detail());
            }
            cleanAgain(node, status, status.watermarks());
            if (leadsOpenly(status) && node.openedEpoch != status.epoch()) {
                node.openedEpoch = status.epoch();
                opened(node, process, status.epoch());
            }
        });
    }

    /// One that stops says only so, and leads until it has handed over.
    private static boolean leadsOpenly(ReplicaStatus status) {
        return status.state() == ReplicaStatus.State.LEADER
                || (status.state() == ReplicaStatus.State.STOPPING
                        && status.detail().equals("leads epoch " + status.epoch()));
    }

    /// The first that a new process says of itself.
    private void recovered(ClusterNode node, SimulatedProcess process, ReplicaStatus status) {
        var recovery = status.recovery();
        coverage.count("recovery " + recovery.verdict());
        var suspect = status.integrity() == ReplicaStatus.Integrity.SUSPECT;
        var countsNowhere = suspect || status.integrity() == ReplicaStatus.Integrity.EVICTED;
        var mustNotice = node.mustNoticeLsn;
        node.mustNoticeLsn = -1;
        node.wasTold = false;
        if (!countsNowhere && mustNotice >= 0 && recovery.endLsn() <= mustNotice) {
            throw new InvariantViolation(
                    "FlushedBytesAreMissed",
                    process + " lost what was flushed from " + mustNotice + " on, and takes itself for "
                            + status.integrity() + ": " + recovery);
        }
        if (suspect
                && recovery.verdict() == RecoveryReport.Verdict.CORRUPT
                && !node.wasSuspect
                && !checks.history().wasEverDamaged(node.id())) {
            throw new InvariantViolation(
                    "SoundVolumesAreBelieved",
                    process + " takes a volume that nothing damaged for corrupt: " + recovery);
        }
        var hint = Math.max(VolumeWitness.durableHintLsn(node.disk()), node.checkpointLsn);
        if (!countsNowhere && recovery.endLsn() < hint) {
            throw new InvariantViolation(
                    "FlushedBytesAreMissed",
                    process + " knew that " + hint + " was flushed, and takes itself for " + status.integrity() + ": "
                            + recovery);
        }
        if (!countsNowhere && !node.damageLasts && !node.rots) {
            var behind = VolumeWitness.behindTheEnd(node.disk());
            if (behind != null) {
                throw new InvariantViolation("NothingStaleBehindTheEnd", process + ": " + behind);
            }
        }
    }

    private void found(SimulatedProcess process, ObservedEntry entry) {
        checks.identity().found(process.toString(), entry);
        var control = entry.control();
        if (entry.header().type() == EntryType.CONFIG && control != null) {
            var configuration = ControlEntryCodec.configuration(control.duplicate());
            if (isNewer(entry.header().epoch(), configuration.id())) {
                var members = new TreeMap<Integer, UUID>();
                configuration.voters().forEach(voter -> members.put(voter.nodeId(), voter.storageId()));
                configured(entry.header().epoch(), configuration.id(), members);
            }
        }
    }

    private void configured(ReplicaStatus status) {
        var leads =
                status.state() == ReplicaStatus.State.LEADER_OPENING || status.state() == ReplicaStatus.State.LEADER;
        // What a follower has may be cut off; it was its leader's before. Only the first of all is nobody's.
        var epoch = leads ? status.epoch() : 0;
        if (isNewer(epoch, status.configId())) {
            configured(epoch, status.configId(), members(status));
        }
    }

    private static Map<Integer, UUID> members(ReplicaStatus status) {
        var members = new TreeMap<Integer, UUID>();
        status.voters().forEach(voter -> members.put(voter.nodeId(), voter.storageId()));
        return members;
    }

    /// What is cut off with a deposed leader's tail gives its number back: the epoch counts first.
    private boolean isNewer(long epoch, long id) {
        return epoch > newestConfigEpoch || (epoch == newestConfigEpoch && id > newestConfigId);
    }

    /// In force from the moment that it is appended.
    private void configured(long epoch, long id, Map<Integer, UUID> members) {
        newestConfigEpoch = epoch;
        if (id == newestConfigId && members.equals(voters)) {
            votersByEpoch.configured(epoch, voters, votersBefore);
            return;
        }
        newestConfigId = id;
        votersBefore = voters;
        voters = members;
        votersByEpoch.configured(epoch, voters, votersBefore);
        votersSettled = votersBefore.isEmpty();
        scheduler.note("configuration " + newestConfigId + ": voters " + voters.keySet());
        checks.history().voters(scheduler.nowNanos(), voters.keySet());
    }

    /// A volume that was damaged is as good as new once its replica holds again what it held.
    private void cleanAgain(ClusterNode node, ReplicaStatus status, Watermarks watermarks) {
        var history = checks.history();
        var storage = voters.get(node.id());
        if (status.integrity() != ReplicaStatus.Integrity.INTACT
                || status.state() == ReplicaStatus.State.UNINITIALIZED
                || (storage != null && !storage.equals(status.storageId()))) {
            return;
        }
        if (history.isDamaged(node.id())) {
            var whole = node.faultsOfDisk == 0
                    && !node.damageLasts
                    && !node.rots
                    && watermarks.leaderFlushed() >= node.repairedAtLsn;
            if (!whole) {
                return;
            }
            node.repairedAtLsn = 0;
            history.repaired(scheduler.nowNanos(), node.id());
        }
        history.clean(scheduler.nowNanos(), node.id());
    }

    private void countStatus(ClusterNode node, SimulatedProcess process, ReplicaStatus status) {
        var before = node.integrity;
        node.integrity = status.integrity();
        if (before != null && before != status.integrity() && status.integrity() == ReplicaStatus.Integrity.INTACT) {
            coverage.count(before + " repaired");
        }
        if (status.startLsn() > 0) {
            coverage.count("log trimmed");
        }
        if (status.state() == ReplicaStatus.State.LEADER) {
            leaderCoverage.look(node.id(), process.life(), status);
        }
    }

    private void opened(ClusterNode node, SimulatedProcess process, long epoch) {
        scheduler.note("node " + node.id() + " opened epoch " + epoch);
        coverage.count("leader opened");
        checks.oneLeader().opened(epoch, process.toString());
        checks.leases().opened(node.id(), process.loop().trueNanos());
        checks.epochs().opened(node.id(), epoch);
        var log = look(node);
        if (log != null) {
            var begin = checks.epochBegin(log, epoch, electorates(votersInForce(process.replica())));
            coverage.count("election tier " + begin.tier());
            var lossy = checks.lossyElectionsSince(log, lastOpenedEpoch);
            if (!lossy.isEmpty()) {
                coverage.count("loss declared");
            }
            lastOpenedEpoch = Math.max(lastOpenedEpoch, epoch);
            checks.ledger().opened(new OpenLeader(node.id(), process.life(), epoch, begin.testified(), lossy, log));
        }
    }

    @Override
    public void advanced(SimulatedProcess process, Watermarks watermarks) {
        guarded(() -> {
            if (histories.hasGivenUp() && watermarks.quorumFlushed() == 0) {
                // Of another history it knows nothing yet; its status says so a moment later.
                checks.watermarks().forget(process.toString());
            }
            checks.watermarks().advanced(process.toString(), watermarks);
            checks.cuts().known(watermarks.quorumFlushed(), scheduler.nowNanos());
            var replica = process.replica();
            // A follower's watermarks name its log's end, which it does not vouch for.
            if (replica != null && replica.status().state() == ReplicaStatus.State.LEADER) {
                checks.gates()
                        .reported(
                                process.toString(),
                                process.loop().trueNanos(),
                                watermarks.leaderReceived(),
                                watermarks.leaderFlushed());
                checks.copies()
                        .advanced(
                                process.toString(),
                                process.nodeId(),
                                replica.status().epoch(),
                                watermarks,
                                nodesOf(votersInForce(replica)));
            }
        });
    }

    @Override
    public void heard(SimulatedProcess process, int fromNodeId, ByteBuffer bytes) {
        checks.leases().delivered(fromNodeId, process.nodeId(), process.loop().trueNanos());
        if (FrameCodec.carriesEntries(bytes)
                ? checks.fetches().hasAsked(process.toString())
                : checks.copies().hasWelcomed(process.toString())) {
            // As the process reads it: what it has counted before it comes to this, it has counted rightly.
            process.loop().execute(() -> read(process, fromNodeId, bytes));
        }
    }

    private void read(SimulatedProcess process, int from, ByteBuffer bytes) {
        try {
            switch (FrameCodec.decode(bytes).message()) {
                case Message.Acknowledge ack -> checks.copies().heard(process.toString(), from, ack);
                case Message.Fetched fetched -> checks.fetches().answered(process.toString(), fetched);
                default -> {}
            }
        } catch (MalformedException flipped) {
            coverage.count("a malformed frame arrived");
        }
    }

    private void said(int from, int to, ProcessLife life, ByteBuffer bytes) {
        var node = nodes.get(from);
        var process = node.process;
        if (process == null || process.processLife() != life) {
            return;
        }
        guarded(() -> {
            var frame = FrameCodec.decode(bytes);
            var sound = node.faultsOfDisk == 0
                    && !node.damageLasts
                    && !node.exchanged()
                    && !checks.history().isDamaged(from);
            checks.said().said(process.toString(), frame, process.isToBeSilent(), sound, process.volume());
            checks.failedDisks().says(process.toString(), scheduler.nowNanos(), frame.message());
            switch (frame.message()) {
                case Message.Welcome welcome -> checks.copies().welcomed(process.toString(), to, welcome);
                case Message.Fetch fetch -> checks.fetches().asks(process.toString(), fetch);
                default -> {}
            }
        });
    }

    /// No replica of a run is of another cluster or lies. One that runs on an older copy of its volume is told so.
    @Override
    public void refused(SimulatedProcess process, int nodeId, String message) {
        var node = nodes.get(process.nodeId());
        if (node.process == process && node.isOlder) {
            return;
        }
        guarded(() -> {
            throw new InvariantViolation(
                    "PeersAreBelieved", process + " does not believe node " + nodeId + ", which " + message);
        });
    }

    /// A client is told that its append is done, which it submitted at `submittedNanos`.
    public void acknowledged(
            ClusterNode node, long operation, long submittedNanos, AppendOutcome.Acknowledged outcome) {
        guarded(() -> {
            var log = look(node, outcome.lsnEnd());
            var process = node.process;
            if (log == null || process == null) {
                return;
            }
            if (process.isToBeSilent()) {
                throw new InvariantViolation(
                        "FailedStorageIsSilent", process + " acknowledges after its storage failed: " + outcome);
            }
            if (outcome.lsnStart() < log.startLsn()
                    && (outcome.duplicate() || outcome.reached().replicationMode() == ReplicationMode.ALL)) {
                // Retention has taken what was appended long ago, or, once a majority had flushed it, what one more
                // follower was waited for with; that it was done stays true.
                coverage.count("acknowledged what is trimmed");
                return;
            }
            var entry = log.at(outcome.lsnStart());
            if (entry == null || entry.header().endLsn() != outcome.lsnEnd()) {
                throw new InvariantViolation(
                        "AcknowledgedIsInTheLog",
                        outcome + " is not in the log of " + process + " from " + log.startLsn() + ": " + entry);
            }
            var batch = entry.records();
            if (batch == null
                    || batch.baseOffset() != outcome.baseOffset()
                    || batch.recordCount() != outcome.recordCount()) {
                throw new InvariantViolation("AcknowledgedIsInTheLog", outcome + " is " + entry);
            }
            var ack = new Acknowledgement(
                    operation,
                    node.id(),
                    process.life(),
                    scheduler.nowNanos(),
                    outcome,
                    log.lastEpoch(),
                    entry.header().epoch(),
                    entry.header().crc());
            if (!outcome.duplicate() && voters.size() > 1 && votersBefore.size() > 1) {
                checks.gates().lag(process.toString(), outcomeMarks(node), outcome.lsnEnd());
            }
            if (!outcome.duplicate()) {
                checks.reserve().appended(process.toString(), submittedNanos);
            }
            coverage.count("acknowledged " + outcome.reached().commitMode() + "/"
                    + outcome.reached().replicationMode());
            if (outcome.duplicate()) {
                coverage.count("acknowledged a duplicate");
            }
            var inForce = votersInForce(process.replica());
            checks.durableOnQuorum(ack, process.toString(), electorates(inForce));
            checks.leases().acknowledged(ack, process.loop().trueNanos(), nodesOf(inForce));
            checks.ledger().acknowledged(ack);
        });
    }

    /// A client was given the entry at DURABLE, now.
    public void durablyRead(ClusterNode node, Replica replica, ObservedEntry entry) {
        // One that was given up, and has not been told, serves what the history that goes on does not hold.
        if (!histories.isOfFormer(node)) {
            checks.agreement()
                    .check(
                            "reader at node " + node.id(),
                            entry.header().lsn(),
                            entry.header().crc(),
                            scheduler.nowNanos());
        }
        keepRead(replica, entry, trueNanos(node));
    }

    private void keepRead(Replica replica, ObservedEntry entry, long untilNanos) {
        var batch = entry.records();
        if (batch != null) {
            var stream = streamNames.computeIfAbsent(batch.streamId(), id -> nameOf(replica, id));
            if (stream == null) {
                throw new InvariantViolation(
                        "StreamsSurvive", "stream %s has records and is not known".formatted(batch.streamId()));
            }
            checks.clients().read(stream, batch, scheduler.nowNanos(), untilNanos);
        }
    }

    private static @Nullable String nameOf(Replica replica, long streamId) {
        return replica.streams().streams("", "", Integer.MAX_VALUE).stream()
                .filter(stream -> stream.streamId() == streamId)
                .map(StreamView::name)
                .findFirst()
                .orElse(null);
    }

    /// I30, at the end of a run: the whole log is read once more, then what clients were told must fit in with it.
    void judgeClients() {
        if (histories.hasGivenUp()) {
            coverage.count("clients not judged: a history was given up");
            return;
        }
        if (checks.history().wereVolumesLostSince(0)) {
            coverage.count("clients not judged: more volumes were lost than may be");
            return;
        }
        for (var node : nodes) {
            var replica = node.replica();
            var log = look(node);
            if (replica != null && log != null) {
                for (var entry : log.entries().values()) {
                    if (entry.header().endLsn() <= replica.watermarks().quorumFlushed()) {
                        keepRead(replica, entry, scheduler.nowNanos());
                    }
                }
            }
        }
        guarded(() -> checks.clients()
                .judge(checks.ledger().wasLossDeclared() || checks.history().wasAnyDamaged())
                .forEach((stream, operations) -> coverage.add("operations judged as of one log", operations)));
    }

    private static Watermarks outcomeMarks(ClusterNode node) {
        var replica = node.replica();
        return replica == null ? Watermarks.NONE : replica.watermarks();
    }

    // Checks that look into replicas

    /// By which the replica may count if it leads.
    private List<Map<Integer, UUID>> votersInForce(@Nullable Replica replica) {
        if (replica == null || !votersByEpoch.wasOvertaken(replica.status().epoch())) {
            return List.of(voters, votersBefore, votersNext);
        }
        // An overtaken leader may come to what it was asked for only now.
        var inForce = new ArrayList<>(votersByEpoch.of(replica.status().epoch(), members(replica.status())));
        inForce.add(votersNext);
        return inForce;
    }

    private static List<Set<Integer>> nodesOf(List<Map<Integer, UUID>> electorates) {
        var nodes = new ArrayList<Set<Integer>>(electorates.size());
        electorates.forEach(voters -> nodes.add(voters.keySet()));
        return nodes;
    }

    private List<Checks.Electorate> electorates(List<Map<Integer, UUID>> inForce) {
        var electorates = new ArrayList<Checks.Electorate>();
        for (var voters : inForce) {
            electorates.add(new Checks.Electorate(voters.size(), new ArrayList<>()));
        }
        for (var node : nodes) {
            // What a node had flushed at last before it died, or before its disk failed, nobody has seen.
            var log = look(node);
            // Nor of one that has just come back: its watermarks begin to move when it hears a leader.
            if (log != null && node.faultsOfDisk == 0 && log.endLsn() > log.startLsn()) {
                for (var i = 0; i < inForce.size(); i++) {
                    if (isOneOf(inForce.get(i), node)) {
                        electorates.get(i).logs().add(log);
                    }
                }
            }
        }
        return electorates;
    }

    /// The node's log, read up to its end; null: it is down or recovering.
    @Nullable
    ObservedLog look(ClusterNode node) {
        return look(node, 0);
    }

    private @Nullable ObservedLog look(ClusterNode node, long atLeastLsn) {
        var process = node.process;
        var replica = node.replica();
        if (process == null || replica == null) {
            return null;
        }
        node.unreadable = false;
        var looked = process.processLife().observe(() -> {
            var log = node.log;
            if (log == null) {
                log = new ObservedLog(replica);
                node.log = log;
            }
            try {
                log.refresh(atLeastLsn, entry -> found(process, entry));
            } catch (WalException.BadEntry bad) {
                // A reader is told; whose volume shows what it does not hold has such bytes rightly.
                if (!node.damageLasts && !node.rots) {
                    throw bad;
                }
                node.unreadable = node.rots;
            }
            node.comparedLsn = Math.min(node.comparedLsn, log.endLsn());
            var quorumFlushed = Math.min(replica.watermarks().quorumFlushed(), log.endLsn());
            if (quorumFlushed > node.comparedLsn && !histories.isOfFormer(node)) {
                checks.agreement()
                        .compare(process.toString(), log, node.comparedLsn, quorumFlushed, scheduler.nowNanos());
                node.comparedLsn = quorumFlushed;
            }
            log.flushedLsn(Math.min(replica.watermarks().leaderFlushed(), log.endLsn()));
            return log;
        });
        return node.unreadable ? null : looked;
    }

    private void lookBeforeDeath(ClusterNode node) {
        guarded(() -> look(node));
    }

    /// Everything that is too dear to be checked at each event.
    public void audit() {
        guarded(() -> {
            noteRepairs();
            for (var node : nodes) {
                var log = look(node);
                var process = node.process;
                var replica = node.replica();
                if (log != null && process != null && replica != null) {
                    checks.audit(process.toString(), log, replica.walStats());
                    var status = replica.status();
                    if (scheduler.nowNanos() - node.faultOfDiskNanos > SURVIVED_NANOS && !process.isToBeSilent()) {
                        // What failed was not the log, or the process would not have lived on.
                        node.faultsOfDisk = 0;
                    }
                    if (checks.configurations().look(process.toString(), status, log)) {
                        coverage.count("a configuration was cut off");
                    }
                    // A follower that catches up has nothing else to tell of itself.
                    cleanAgain(node, status, replica.watermarks());
                    if (status.state() == ReplicaStatus.State.LEADER
                            && status.voters().size() > 1) {
                        checks.gates().lag(process.toString(), replica.watermarks(), log.endLsn());
                    }
                }
            }
        });
    }

    /// Looks into the node's process without disturbing it.
    public void observe(ClusterNode node, Runnable look) {
        var process = node.process;
        if (process != null) {
            guarded(() -> process.processLife().observe(() -> {
                look.run();
                return true;
            }));
        }
    }

    void guarded(Runnable check) {
        try {
            check.run();
        } catch (ProcessEnded end) {
            throw end;
        } catch (RuntimeException broken) {
            fail(broken);
        }
    }

    public void fail(RuntimeException broken) {
        if (violation == null) {
            violation = broken;
            scheduler.note("VIOLATION " + broken.getMessage());
        }
    }

    public @Nullable RuntimeException violation() {
        return violation;
    }

    /// Runs the world until the time or the first violation.
    public void runUntil(long timeNanos) {
        var before = scheduler.executedEvents();
        while (violation == null && scheduler.step(timeNanos)) {
            // Each step is one event.
        }
        if (scheduler.executedEvents() == before) {
            // Time passes where nothing happens, too: whoever waits with a limit would wait for ever.
            scheduler.runUntil(timeNanos);
        }
    }

    /// The node that says it leads, in the highest epoch.
    public @Nullable ClusterNode leader() {
        ClusterNode leader = null;
        var epoch = -1L;
        for (var node : nodes) {
            var replica = node.replica();
            if (replica != null
                    && replica.status().state() == ReplicaStatus.State.LEADER
                    && replica.status().epoch() > epoch) {
                leader = node;
                epoch = replica.status().epoch();
            }
        }
        return leader;
    }

    /// Whether more volumes have failed, and are not trusted by their own replicas, than the cluster can do without.
    boolean mayHaveHalted() {
        var suspect = 0;
        for (var node : nodes) {
            var replica = node.replica();
            var storage = votingStorage(node.id());
            if (storage != null
                    && checks.history().wasEverDamaged(node.id())
                    && (replica == null
                            || !replica.status().storageId().equals(storage)
                            || replica.status().integrity() == ReplicaStatus.Integrity.SUSPECT)) {
                suspect++;
            }
        }
        return suspect > tolerated() || nodes.stream().anyMatch(node -> node.damageLasts);
    }

    static boolean isIntact(Replica replica) {
        return replica.status().integrity() == ReplicaStatus.Integrity.INTACT;
    }
}
