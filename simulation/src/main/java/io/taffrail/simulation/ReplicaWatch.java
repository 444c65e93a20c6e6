package io.taffrail.simulation;

import io.taffrail.replication.ReplicaStatus;
import io.taffrail.replication.codec.FrameCodec;
import io.taffrail.replication.codec.MalformedException;
import io.taffrail.replication.protocol.Message;
import io.taffrail.replication.protocol.Watermarks;
import io.taffrail.simulation.check.AckLedger.OpenLeader;
import io.taffrail.simulation.check.Checks;
import io.taffrail.simulation.check.InvariantViolation;
import io.taffrail.simulation.world.ProcessLife;
import io.taffrail.simulation.world.SimulatedScheduler;
import java.nio.ByteBuffer;
import java.util.List;

/// Holds what replicas say against the checks: their status and watermarks when they change, the frames that
/// leave and arrive, and once a second everything that is too dear for that.
final class ReplicaWatch implements SimulatedProcess.Observer {
    private final List<ClusterNode> nodes;
    private final Histories histories;
    private final VotersInForce voters;
    private final VolumeDamage damage;
    private final ReplicaLogs logs;
    private final Checks checks;
    private final Coverage coverage;
    private final LeaderCoverage leaderCoverage;
    private final SimulatedScheduler scheduler;
    private final Violations violations;
    private long lastOpenedEpoch;

    ReplicaWatch(
            List<ClusterNode> nodes,
            Histories histories,
            VotersInForce voters,
            VolumeDamage damage,
            ReplicaLogs logs,
            Checks checks,
            Coverage coverage,
            SimulatedScheduler scheduler,
            Violations violations) {
        this.nodes = nodes;
        this.histories = histories;
        this.voters = voters;
        this.damage = damage;
        this.logs = logs;
        this.checks = checks;
        this.coverage = coverage;
        leaderCoverage = new LeaderCoverage(coverage);
        this.scheduler = scheduler;
        this.violations = violations;
    }

    // Their status and watermarks

    @Override
    public void statusChanged(SimulatedProcess process, ReplicaStatus status) {
        var node = nodes.get(process.nodeId());
        if (node.process != process) {
            return;
        }
        violations.guarded(() -> {
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
            histories.follow(node, status, () -> logs.look(node));
            takesNoPartIfOlder(node, process, status);
            var first = node.integrity == null;
            if (first) {
                damage.recovered(node, process, status);
            }
            // A replica tells of its opening before its incarnation is durable, and of nothing else but a
            // failure.
            var inUse = !first && status.state() != ReplicaStatus.State.FAILED;
            checks.incarnations().status(status.storageId(), process.life(), status.incarnation(), inUse);
            voters.shown(status);
            if (status.state() == ReplicaStatus.State.LEADER
                    && checks.configurations().isChanged(process.toString(), status)) {
                var log = logs.look(node);
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
            damage.cleanAgain(node, status, status.watermarks());
            if (leadsOpenly(status) && node.openedEpoch != status.epoch()) {
                node.openedEpoch = status.epoch();
                opened(node, process, status.epoch());
            }
        });
    }

    private void takesNoPartIfOlder(ClusterNode node, SimulatedProcess process, ReplicaStatus status) {
        if (!node.isOlder) {
            return;
        }
        if (status.integrity() == ReplicaStatus.Integrity.EVICTED) {
            coverage.count("older volume evicted");
            return;
        }
        if (status.state() == ReplicaStatus.State.LEADER
                || status.state() == ReplicaStatus.State.LEADER_OPENING
                || status.detail().startsWith("follows")) {
            throw new InvariantViolation(
                    "OlderVolumesAreNoticed",
                    "%s runs on an older copy of its volume, which all others know of, and takes part: %s"
                            .formatted(process, status));
        }
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

    /// One that stops says only so, and leads until it has handed over.
    private static boolean leadsOpenly(ReplicaStatus status) {
        return status.state() == ReplicaStatus.State.LEADER
                || (status.state() == ReplicaStatus.State.STOPPING
                        && status.detail().equals("leads epoch " + status.epoch()));
    }

    private void opened(ClusterNode node, SimulatedProcess process, long epoch) {
        scheduler.note("node " + node.id() + " opened epoch " + epoch);
        coverage.count("leader opened");
        checks.oneLeader().opened(epoch, process.toString());
        checks.leases().opened(node.id(), process.loop().trueNanos());
        checks.epochs().opened(node.id(), epoch);
        var log = logs.look(node);
        if (log != null) {
            var begin = checks.epochBegin(log, epoch, logs.electorates(voters.countedBy(process.replica())));
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
        violations.guarded(() -> {
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
                                VotersInForce.nodesOf(voters.countedBy(replica)));
            }
        });
    }

    // What they say to each other

    /// A frame leaves.
    void said(int from, int to, ProcessLife life, ByteBuffer bytes) {
        var node = nodes.get(from);
        var process = node.process;
        if (process == null || process.processLife() != life) {
            return;
        }
        violations.guarded(() -> {
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

    /// No replica of a run is of another cluster or lies. One that runs on an older copy of its volume is
    /// told so.
    @Override
    public void refused(SimulatedProcess process, int nodeId, String message) {
        var node = nodes.get(process.nodeId());
        if (node.process == process && node.isOlder) {
            return;
        }
        violations.guarded(() -> {
            throw new InvariantViolation(
                    "PeersAreBelieved", process + " does not believe node " + nodeId + ", which " + message);
        });
    }

    // What they do not tell

    @Override
    public void looked(SimulatedProcess process, long freeBytes) {
        if (checks.reserve().looked(process.toString(), process.loop().trueNanos(), freeBytes)) {
            coverage.count("only the reserve is left");
        }
    }

    /// Everything that is too dear to be checked at each event.
    void audit() {
        violations.guarded(() -> {
            damage.noteRepairs();
            for (var node : nodes) {
                var log = logs.look(node);
                var process = node.process;
                var replica = node.replica();
                if (log != null && process != null && replica != null) {
                    checks.audit(process.toString(), log, replica.walStats());
                    var status = replica.status();
                    damage.noteSurvival(node, process);
                    if (checks.configurations().look(process.toString(), status, log)) {
                        coverage.count("a configuration was cut off");
                    }
                    // A follower that catches up has nothing else to tell of itself.
                    damage.cleanAgain(node, status, replica.watermarks());
                    if (status.state() == ReplicaStatus.State.LEADER
                            && status.voters().size() > 1) {
                        checks.gates().lag(process.toString(), replica.watermarks(), log.endLsn());
                    }
                }
            }
        });
    }
}
