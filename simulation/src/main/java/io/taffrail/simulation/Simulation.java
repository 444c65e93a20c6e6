package io.taffrail.simulation;

import io.taffrail.replication.ReplicaStatus;
import io.taffrail.simulation.check.InvariantViolation;
import io.taffrail.simulation.check.ObservedLog;
import io.taffrail.simulation.fault.FaultPlan;
import io.taffrail.simulation.fault.PlantedBug;
import io.taffrail.simulation.workload.Administrator;
import io.taffrail.simulation.workload.Workload;
import io.taffrail.simulation.world.Trace;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// One run: warm-up, chaos, healing, quiet, audit.
public final class Simulation {
    private static final long AUDIT_EVERY_NANOS = SimulationOptions.SECOND;
    private static final long WARM_UP_LIMIT_NANOS = 60 * SimulationOptions.SECOND;
    private static final long QUIET_LIMIT_NANOS = 120 * SimulationOptions.SECOND;
    /// L4.
    private static final int EPOCHS_AFTER_HEALING = 3;

    /// More disks than may fail have broken their promise: to stand still is right.
    private static final class HaltedRightly extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /// What became of a run.
    ///
    /// @param violation null: every promise was kept
    public record Result(
            SimulationOptions options,
            @Nullable RuntimeException violation,
            long traceHash,
            long events,
            long simulatedNanos,
            Coverage coverage,
            List<Trace.Event> newestEvents) {}

    private final SimulatedCluster cluster;
    private final Administrator administrator;
    private final FaultPlan faults;
    private final Workload workload;

    private Simulation(SimulationOptions options, PlantedBug bug) {
        cluster = new SimulatedCluster(options);
        administrator = new Administrator(cluster);
        faults = new FaultPlan(cluster, administrator, bug);
        workload = new Workload(cluster);
    }

    public static Result run(SimulationOptions options) {
        return run(options, PlantedBug.NONE);
    }

    public static Result run(SimulationOptions options, PlantedBug bug) {
        return new Simulation(options, bug).run();
    }

    private Result run() {
        try {
            phases();
        } catch (HaltedRightly hopeless) {
            cluster.coverage().count("halted for good: too many disks failed");
            cluster.watch().audit();
        } catch (RuntimeException thrown) {
            cluster.violations().fail(thrown);
        } catch (StackOverflowError | AssertionError thrown) {
            cluster.violations().fail(new IllegalStateException(thrown));
        }
        count();
        var scheduler = cluster.scheduler();
        return new Result(
                cluster.options(),
                cluster.violations().first(),
                scheduler.trace().hash(),
                scheduler.executedEvents(),
                scheduler.nowNanos(),
                cluster.coverage(),
                scheduler.trace().newest());
    }

    private void phases() {
        auditLater();
        cluster.startAll();
        waitFor("L1 OPEN leader after the start", WARM_UP_LIMIT_NANOS, () -> cluster.leader() != null);
        workload.start();
        administrator.start();
        run(2 * SimulationOptions.SECOND);
        faults.start();
        run(cluster.options().chaosNanos());
        cluster.scheduler().note("heal");
        faults.heal();
        var epochsBefore = cluster.checks().oneLeader().epochs();
        var transfersBefore = administrator.transfers();
        waitFor("L1 OPEN leader after healing", healingLimitNanos(), () -> cluster.leader() != null);
        run(3 * SimulationOptions.SECOND);
        workload.stop();
        waitFor(
                "L3 every operation ends",
                QUIET_LIMIT_NANOS,
                () -> workload.pending().isEmpty());
        waitFor("the members are those that are wanted", QUIET_LIMIT_NANOS, administrator::isDone);
        waitFor("what rotted is repaired", QUIET_LIMIT_NANOS, cluster.damage()::isRepaired);
        waitFor("L2 all voters intact and equal", QUIET_LIMIT_NANOS, this::allEqual);
        cluster.watch().audit();
        cluster.answers().judge();
        cluster.violations().guarded(this::checkStreams);
        // A leader that is to be removed hands over first: those epochs were asked for.
        var epochs =
                cluster.checks().oneLeader().epochs() - epochsBefore - (administrator.transfers() - transfersBefore);
        if (cluster.violations().first() == null && epochs > EPOCHS_AFTER_HEALING) {
            throw new InvariantViolation(
                    "L4 no storm of elections", epochs + " epochs that nobody asked for were opened after healing");
        }
    }

    /// An election may wait for an amnesic voter, once; nodes that were just started recover first.
    private long healingLimitNanos() {
        return 10 * cluster.options().timing().electionTimeoutMaxNanos()
                + 2 * ClusterSettings.amnesiaWaitNanos(cluster.options())
                + 10 * SimulationOptions.SECOND;
    }

    private void run(long nanos) {
        cluster.runUntil(cluster.scheduler().nowNanos() + nanos);
    }

    private void waitFor(String what, long limitNanos, BooleanSupplier condition) {
        var limit = cluster.scheduler().nowNanos() + limitNanos;
        while (cluster.violations().first() == null && !condition.getAsBoolean()) {
            if (cluster.scheduler().nowNanos() >= limit) {
                if (cluster.voters().mayHaveHalted()) {
                    throw new HaltedRightly();
                }
                throw new InvariantViolation("ClusterRecovers", what + " did not happen in time: " + state());
            }
            run(100 * SimulationOptions.MILLI);
        }
    }

    private void auditLater() {
        cluster.scheduler().after(AUDIT_EVERY_NANOS, () -> {
            cluster.watch().audit();
            auditLater();
        });
    }

    private boolean allEqual() {
        ObservedLog first = null;
        for (var node : cluster.nodes()) {
            if (!cluster.voters().newest().containsKey(node.id())) {
                continue;
            }
            var replica = node.replica();
            var log = cluster.logs().look(node);
            if (replica == null || log == null || replica.status().integrity() != ReplicaStatus.Integrity.INTACT) {
                return false;
            }
            // Retention may have appended just now, which the watermarks do not tell yet.
            if (replica.watermarks().leaderFlushed() < log.endLsn()
                    || replica.streams().appliedLsn() != log.endLsn()) {
                return false;
            }
            if (first == null) {
                first = log;
            } else if (first.endLsn() != log.endLsn() || first.lastCrc() != log.lastCrc()) {
                return false;
            }
        }
        return true;
    }

    /// Replicas with equal logs say the same of streams, producers and cursors.
    private void checkStreams() {
        if (cluster.violations().first() != null) {
            return;
        }
        var digests = new TreeMap<Integer, Long>();
        for (var node : cluster.nodes()) {
            var replica = node.replica();
            if (replica != null && cluster.voters().newest().containsKey(node.id())) {
                digests.put(node.id(), replica.streams().digest());
            }
        }
        if (new TreeSet<>(digests.values()).size() > 1) {
            throw new InvariantViolation("StreamsFollowFromTheLog", "digests by node: " + digests);
        }
    }

    private String state() {
        var text = new StringBuilder();
        for (var node : cluster.nodes()) {
            var replica = node.replica();
            text.append("%n  node %s: ".formatted(node.id()));
            text.append(replica == null ? (node.isUp() ? "recovering" : "down") : replica.status());
        }
        workload.pending().forEach(pending -> text.append("%n  pending: %s".formatted(pending)));
        return text.toString();
    }

    private void count() {
        var coverage = cluster.coverage();
        var network = cluster.network();
        coverage.add("frames delivered", network.delivered());
        coverage.add("frames dropped", network.dropped());
        coverage.add("frames corrupted", network.corrupted());
        coverage.add("frames of an old connection arrived late", network.late());
        coverage.add("frames replayed", network.replayed());
        coverage.add("connections reset", network.resets());
        coverage.add("appends acknowledged", cluster.checks().ledger().acknowledgedCount());
        cluster.checks().ledger().lost().forEach((excuse, times) -> coverage.add("rightly lost: " + excuse, times));
        coverage.add("epochs opened", cluster.checks().oneLeader().epochs());
    }
}
