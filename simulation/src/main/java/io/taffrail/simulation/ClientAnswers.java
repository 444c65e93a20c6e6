package io.taffrail.simulation;

import io.taffrail.replication.AppendOutcome;
import io.taffrail.replication.Replica;
import io.taffrail.replication.protocol.Watermarks;
import io.taffrail.simulation.check.Acknowledgement;
import io.taffrail.simulation.check.Checks;
import io.taffrail.simulation.check.InvariantViolation;
import io.taffrail.simulation.check.ObservedEntry;
import io.taffrail.simulation.world.SimulatedScheduler;
import io.taffrail.streams.ReplicationMode;
import io.taffrail.streams.StreamView;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What clients are told: each acknowledgement, and each entry that a reader is given, is held against the
/// logs when it is told, and all of them against each other at a run's end.
public final class ClientAnswers {
    private final List<ClusterNode> nodes;
    private final Histories histories;
    private final VotersInForce voters;
    private final ReplicaLogs logs;
    private final Checks checks;
    private final Coverage coverage;
    private final SimulatedScheduler scheduler;
    private final Violations violations;
    private final Map<Long, @Nullable String> streamNames = new HashMap<>();

    ClientAnswers(
            List<ClusterNode> nodes,
            Histories histories,
            VotersInForce voters,
            ReplicaLogs logs,
            Checks checks,
            Coverage coverage,
            SimulatedScheduler scheduler,
            Violations violations) {
        this.nodes = nodes;
        this.histories = histories;
        this.voters = voters;
        this.logs = logs;
        this.checks = checks;
        this.coverage = coverage;
        this.scheduler = scheduler;
        this.violations = violations;
    }

    /// A client is told that its append is done, which it submitted at `submittedNanos`.
    public void acknowledged(
            ClusterNode node, long operation, long submittedNanos, AppendOutcome.Acknowledged outcome) {
        violations.guarded(() -> {
            var log = logs.look(node, outcome.lsnEnd());
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
                // Retention has taken what was appended long ago, or, once a majority had flushed it, what
                // one more follower was waited for with; that it was done stays true.
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
            if (!outcome.duplicate() && voters.areSeveral()) {
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
            var inForce = voters.countedBy(process.replica());
            checks.durableOnQuorum(ack, process.toString(), logs.electorates(inForce));
            checks.leases().acknowledged(ack, process.loop().trueNanos(), VotersInForce.nodesOf(inForce));
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
        keepRead(replica, entry, node.trueNanos());
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

    /// I30, at the end of a run: the whole log is read once more, then what clients were told must fit in
    /// with it.
    void judge() {
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
            var log = logs.look(node);
            if (replica != null && log != null) {
                for (var entry : log.entries().values()) {
                    if (entry.header().endLsn() <= replica.watermarks().quorumFlushed()) {
                        keepRead(replica, entry, scheduler.nowNanos());
                    }
                }
            }
        }
        violations.guarded(() -> checks.clients()
                .judge(checks.ledger().wasLossDeclared() || checks.history().wasAnyDamaged())
                .forEach((stream, operations) -> coverage.add("operations judged as of one log", operations)));
    }

    private static Watermarks outcomeMarks(ClusterNode node) {
        var replica = node.replica();
        return replica == null ? Watermarks.NONE : replica.watermarks();
    }
}
