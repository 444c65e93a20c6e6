package io.taffrail.simulation;

import io.taffrail.simulation.check.Checks;
import io.taffrail.simulation.check.ObservedEntry;
import io.taffrail.simulation.check.ObservedLog;
import io.taffrail.simulation.world.SimulatedScheduler;
import io.taffrail.wal.WalException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Looks into the logs of replicas that are up, without disturbing them. Every entry that a look finds is
/// held against what others have found, and names the voters if it is a configuration.
public final class ReplicaLogs {
    private final List<ClusterNode> nodes;
    private final Histories histories;
    private final VotersInForce voters;
    private final Checks checks;
    private final SimulatedScheduler scheduler;
    private final Violations violations;

    ReplicaLogs(
            List<ClusterNode> nodes,
            Histories histories,
            VotersInForce voters,
            Checks checks,
            SimulatedScheduler scheduler,
            Violations violations) {
        this.nodes = nodes;
        this.histories = histories;
        this.voters = voters;
        this.checks = checks;
        this.scheduler = scheduler;
        this.violations = violations;
    }

    /// The node's log, read up to its end; null: it is down or recovering.
    @Nullable
    ObservedLog look(ClusterNode node) {
        return look(node, 0);
    }

    @Nullable
    ObservedLog look(ClusterNode node, long atLeastLsn) {
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

    private void found(SimulatedProcess process, ObservedEntry entry) {
        checks.identity().found(process.toString(), entry);
        voters.found(entry);
    }

    /// Of each of these configurations the voters whose logs can be looked at.
    List<Checks.Electorate> electorates(List<Map<Integer, UUID>> configurations) {
        var electorates = new ArrayList<Checks.Electorate>();
        for (var configuration : configurations) {
            electorates.add(new Checks.Electorate(configuration.size(), new ArrayList<>()));
        }
        for (var node : nodes) {
            // What a node had flushed at last before it died, or before its disk failed, nobody has seen.
            var log = look(node);
            // Nor of one that has just come back: its watermarks begin to move when it hears a leader.
            if (log != null && node.faultsOfDisk == 0 && log.endLsn() > log.startLsn()) {
                for (var i = 0; i < configurations.size(); i++) {
                    if (VotersInForce.isOneOf(configurations.get(i), node)) {
                        electorates.get(i).logs().add(log);
                    }
                }
            }
        }
        return electorates;
    }

    /// The process on the node dies now: what its log holds is seen for the last time.
    void lookBeforeDeath(ClusterNode node) {
        violations.guarded(() -> look(node));
    }

    /// A new process begins on the node: nothing of its log was seen yet.
    void forget(ClusterNode node) {
        node.log = null;
        node.comparedLsn = 0;
    }

    /// Looks into the node's process without disturbing it.
    public void observe(ClusterNode node, Runnable look) {
        var process = node.process;
        if (process != null) {
            violations.guarded(() -> process.processLife().observe(() -> {
                look.run();
                return true;
            }));
        }
    }
}
