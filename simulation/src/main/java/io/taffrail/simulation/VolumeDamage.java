package io.taffrail.simulation;

import io.taffrail.replication.Replica;
import io.taffrail.replication.ReplicaStatus;
import io.taffrail.replication.protocol.Watermarks;
import io.taffrail.simulation.check.Checks;
import io.taffrail.simulation.check.InvariantViolation;
import io.taffrail.simulation.world.SimulatedDisk;
import io.taffrail.simulation.world.SimulatedScheduler;
import io.taffrail.wal.RecoveryReport;
import io.taffrail.wal.WalException;
import java.util.List;
import java.util.function.Predicate;

/// What volumes do not hold any more of what they held: whether anything tells the next process, whether that
/// one notices, and when its replica has made it good.
public final class VolumeDamage {
    private static final long SURVIVED_NANOS = 5 * SimulationOptions.SECOND;

    private final List<ClusterNode> nodes;
    private final VotersInForce voters;
    private final Checks checks;
    private final Coverage coverage;
    private final SimulatedScheduler scheduler;

    VolumeDamage(
            List<ClusterNode> nodes,
            VotersInForce voters,
            Checks checks,
            Coverage coverage,
            SimulatedScheduler scheduler) {
        this.nodes = nodes;
        this.voters = voters;
        this.checks = checks;
        this.coverage = coverage;
        this.scheduler = scheduler;
    }

    // What is lost

    /// The disk has refused something; what the process does from here on may be to give up. `lasts`: later
    /// reads may show bytes that the disk does not hold. `vital`: no replica may go on without it.
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

    /// Bytes of an old segment have changed: who reads them is told, until the replica has made them good.
    public void rots(ClusterNode node) {
        node.rots = true;
        damaged(node);
        touched(node);
    }

    /// Something other than its own processes has changed the node's volume: what told a process need not be
    /// there for the next one.
    public void touched(ClusterNode node) {
        node.wasTold = false;
    }

    /// The node has a new volume, which has lost nothing yet.
    void forget(ClusterNode node) {
        node.rots = false;
        node.cacheLies = false;
        node.damageLasts = false;
        node.flushFailed = false;
        node.repairedAtLsn = 0;
        node.mustNoticeLsn = -1;
    }

    // Who has to notice

    /// The node's log cannot be read from here on, and its volume says itself that it had been flushed
    /// further: the next process has to notice, if `witness` still finds what says so when it starts.
    public void mustNotice(ClusterNode node, long lsn, Predicate<SimulatedDisk> witness) {
        var before = node.mustNoticeLsn;
        node.witness = before < 0 ? witness : node.witness.or(witness);
        node.mustNoticeLsn = before < 0 ? lsn : Math.min(before, lsn);
    }

    /// A process is about to begin: what its volume tells it is seen now, before it changes anything.
    void lookBeforeStart(ClusterNode node) {
        node.faultsOfDisk = 0;
        // A log that is behind the state it was given is suspect to the next process, not to this one.
        node.wasSuspect = node.integrity == ReplicaStatus.Integrity.SUSPECT || VolumeWitness.saysSuspect(node.disk());
        node.checkpointLsn = VolumeWitness.checkpointLsn(node.disk());
        lookForTheWitness(node);
        if (node.cacheLies && !node.flushFailed && !node.exchanged()) {
            coverage.count("a cache that lies believed");
            node.damageLasts = true;
            // From where on is not known.
            silentlyDamaged(node, 0);
        }
    }

    /// What said that the log had been flushed further may be gone itself: by a power loss, if only the page
    /// cache held it, or by more damage. Then no process can know.
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

    /// The first that a new process says of itself: it has noticed what it had to, and nothing else.
    void recovered(ClusterNode node, SimulatedProcess process, ReplicaStatus status) {
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

    /// A reader is told that bytes are bad, and tells the replica as a service does.
    public void metByReader(ClusterNode node, Replica replica, WalException.BadEntry bad, long lsn) {
        if (!node.rots && !node.damageLasts) {
            throw bad;
        }
        coverage.count("reader was told of damage");
        replica.doubt(lsn);
    }

    // How it is made good

    /// Whether nothing that rotted is left: the scrubber has found it, and the others had what it was.
    boolean isRepaired() {
        noteRepairs();
        // Nobody fills one that votes no more.
        return nodes.stream().noneMatch(node -> node.rots && voters.isVoter(node));
    }

    void noteRepairs() {
        for (var node : nodes) {
            var replica = node.replica();
            if (!node.rots || replica == null) {
                continue;
            }
            // Before it has met a leader it does not say how long its log is, and a segment whose header is
            // bad looks like the place where the log ends.
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

    /// What failed was not the log if the process lives on, or it would have given up.
    void noteSurvival(ClusterNode node, SimulatedProcess process) {
        if (scheduler.nowNanos() - node.faultOfDiskNanos > SURVIVED_NANOS && !process.isToBeSilent()) {
            node.faultsOfDisk = 0;
        }
    }

    /// A volume that was damaged is as good as new once its replica holds again what it held.
    void cleanAgain(ClusterNode node, ReplicaStatus status, Watermarks watermarks) {
        var history = checks.history();
        var storage = voters.newest().get(node.id());
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
}
