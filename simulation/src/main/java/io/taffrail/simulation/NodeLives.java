package io.taffrail.simulation;

import io.taffrail.simulation.check.Checks;
import io.taffrail.simulation.check.InvariantViolation;
import io.taffrail.simulation.check.RoomToStart;
import io.taffrail.simulation.world.Choices;
import io.taffrail.simulation.world.ProcessEnded;
import io.taffrail.simulation.world.Randomness;
import io.taffrail.simulation.world.SimulatedNetwork;
import io.taffrail.simulation.world.SimulatedScheduler;
import io.taffrail.wal.WalException;
import io.taffrail.wal.io.FlushFailedException;
import java.util.List;
import java.util.SplittableRandom;

/// The lives of the nodes: how processes start, stand still, die and end by themselves, and what their ends
/// leave on the volumes. To replace a volume may end one life and begin another, so this keeps the volumes.
public final class NodeLives implements SimulatedProcess.Supervisor {
    private final List<ClusterNode> nodes;
    private final SimulationOptions options;
    private final Randomness randomness;
    private final SimulatedScheduler scheduler;
    private final SimulatedNetwork network;
    private final ReplicaLogs logs;
    private final VolumeDamage damage;
    private final ReplicaWatch watch;
    private final Checks checks;
    private final Coverage coverage;
    private final Violations violations;
    private final SplittableRandom crashes;
    private final Volumes volumes;

    NodeLives(
            List<ClusterNode> nodes,
            SimulationOptions options,
            Randomness randomness,
            SimulatedScheduler scheduler,
            SimulatedNetwork network,
            ReplicaLogs logs,
            VolumeDamage damage,
            ReplicaWatch watch,
            Checks checks,
            Coverage coverage,
            Violations violations) {
        this.nodes = nodes;
        this.options = options;
        this.randomness = randomness;
        this.scheduler = scheduler;
        this.network = network;
        this.logs = logs;
        this.damage = damage;
        this.watch = watch;
        this.checks = checks;
        this.coverage = coverage;
        this.violations = violations;
        crashes = randomness.named("crashes");
        volumes = new Volumes(this, nodes, options, damage, checks, coverage, scheduler, crashes);
    }

    public Volumes volumes() {
        return volumes;
    }

    // How they begin

    public void start(ClusterNode node) {
        if (node.isUp() || node.held) {
            return;
        }
        volumes.older().replaceIfItCatchesUp(node);
        var life = ++node.lives;
        scheduler.note("start node " + node.id() + " life " + life);
        logs.forget(node);
        damage.lookBeforeStart(node);
        node.integrity = null;
        node.historyId = null;
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
                this,
                watch);
    }

    /// The node is down, or dies now, and nobody starts it before it is released.
    public void hold(ClusterNode node) {
        node.held = true;
    }

    public void release(ClusterNode node) {
        node.held = false;
    }

    // How they end

    /// The process dies, its machine lives on.
    public void crash(ClusterNode node, String why) {
        var process = node.process;
        if (process == null) {
            return;
        }
        scheduler.note("crash " + process + ": " + why);
        logs.lookBeforeDeath(node);
        end(node, process);
        checks.history().unclean(scheduler.nowNanos(), node.id());
    }

    private void end(ClusterNode node, SimulatedProcess process) {
        process.processLife().end();
        node.process = null;
        node.disk().processEnded(Choices.random(crashes));
        network.detach(node.id(), process.processLife(), false);
    }

    public void losePower(ClusterNode node) {
        var process = node.process;
        scheduler.note("power loss of node " + node.id());
        logs.lookBeforeDeath(node);
        if (process != null) {
            process.processLife().end();
            network.detach(node.id(), process.processLife(), true);
        }
        node.process = null;
        node.disk().losePower(Choices.random(crashes));
        var owner = node.volumesOwner();
        damage.touched(owner);
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
                end(node, process);
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

    // How time passes for them

    /// The node's clock runs so fast from now on.
    public void clockRate(ClusterNode node, double rate) {
        node.clock().setRate(rate, aheadNanos(node));
    }

    private long aheadNanos(ClusterNode node) {
        return node.trueNanos() - scheduler.nowNanos();
    }

    public void pause(ClusterNode node, boolean clockStops) {
        if (node.process != null) {
            scheduler.note("pause node " + node.id());
            stoodStill(node);
            node.process.loop().pause();
            if (clockStops) {
                node.clock().freeze(aheadNanos(node));
                checks.history().clockStops(node.trueNanos(), node.id());
            }
        }
    }

    public void resume(ClusterNode node) {
        thaw(node);
        if (node.process != null) {
            scheduler.note("resume node " + node.id());
            stoodStill(node);
            node.process.loop().resume();
        }
    }

    private void thaw(ClusterNode node) {
        node.clock().thaw();
        checks.history().clockGoesOn(scheduler.nowNanos(), node.id());
    }

    private void stoodStill(ClusterNode node) {
        checks.leases().stoodStill(node.id(), scheduler.nowNanos());
        if (node.process != null) {
            checks.gates().forget(node.process.toString());
        }
    }

    // What a supervisor sees

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
            startAgain(node, reason);
            return;
        }
        if (reason instanceof RuntimeException exception && node.faultsOfDisk == 0) {
            violations.fail(new InvariantViolation("ReplicaNeverThrows", process + " threw " + exception, exception));
            return;
        }
        if (process.failedStorage() || node.faultsOfDisk > 0) {
            damage.damaged(node);
            coverage.count("storage failed");
        }
        if (!(reason instanceof ProcessEnded)) {
            coverage.count("exit by exception");
        }
        startAgain(node, reason);
    }

    /// It may say so only before it takes part.
    private boolean isTooFullToStart(ClusterNode node, SimulatedProcess process) {
        return process.lastReplica() == null
                && RoomToStart.mayLack(
                        node.disk().files(),
                        node.disk().freeBytes(),
                        options.log().segmentBytes());
    }

    private void startAgain(ClusterNode node, Throwable reason) {
        crash(node, String.valueOf(reason.getMessage()));
        scheduler.after(
                SimulationOptions.SECOND / 2 + crashes.nextLong(2 * SimulationOptions.SECOND), () -> start(node));
    }
}
