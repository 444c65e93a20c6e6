package io.taffrail.simulation.fault;

import io.taffrail.simulation.ClusterNode;
import io.taffrail.simulation.SimulatedCluster;
import io.taffrail.simulation.SimulationOptions;
import io.taffrail.simulation.world.LinkQuality;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// Breaks things at random while chaos lasts, never more at once than the budget allows, and mends everything at its
/// end.
public final class FaultPlan {
    private static final long SECOND = SimulationOptions.SECOND;
    private static final long MILLI = SimulationOptions.MILLI;

    private final SimulatedCluster cluster;
    private final SimulationOptions options;
    private final SplittableRandom random;
    private final List<FaultClass> classes;
    private final List<FaultyDisk> disks = new ArrayList<>();
    private boolean active;

    public FaultPlan(SimulatedCluster cluster, PlantedBug bug) {
        this.cluster = cluster;
        this.options = cluster.options();
        this.random = cluster.randomness().named("faults");
        this.classes = List.copyOf(options.faults());
        cluster.network().rewrite(bug::rewrite);
        var latencies = cluster.randomness().child("disks");
        for (var node : cluster.nodes()) {
            var disk = new FaultyDisk(
                    latencies.named("disk " + node.id()),
                    () -> cluster.trueNanos(node),
                    () -> cluster.diskFault(node),
                    bug);
            node.disk().behaviour(disk);
            disks.add(disk);
        }
    }

    public void start() {
        active = true;
        if (!classes.isEmpty()) {
            later();
        }
    }

    private void later() {
        after((long) (-Math.log(1 - random.nextDouble()) * options.faultEveryNanos()), () -> {
            inject(classes.get(random.nextInt(classes.size())));
            later();
        });
    }

    /// Does nothing any more once chaos is over.
    private void after(long nanos, Runnable task) {
        cluster.scheduler().after(nanos, () -> {
            if (active) {
                task.run();
            }
        });
    }

    /// Everything works from now on.
    public void heal() {
        active = false;
        for (var from : cluster.nodes()) {
            for (var to : cluster.nodes()) {
                if (from != to) {
                    cluster.network().unblock(from.id(), to.id());
                }
            }
        }
        cluster.network().quality(LinkQuality.LOCAL);
        disks.forEach(FaultyDisk::heal);
        for (var node : cluster.nodes()) {
            node.disk().occupy(0);
            node.clock().setRate(1);
            cluster.disarm(node);
            cluster.resume(node);
            cluster.start(node);
        }
    }

    private ClusterNode anyNode() {
        // The leader is where most can go wrong.
        var leader = cluster.leader();
        return leader != null && random.nextInt(3) == 0
                ? leader
                : cluster.nodes().get(random.nextInt(options.nodes()));
    }

    /// Whether the node may forget something or fall silent for good now.
    private boolean mayBreak(ClusterNode node) {
        return switch (options.budget()) {
            case WITHIN_PROMISE -> cluster.uncleanOthers(node) < options.tolerated() && options.tolerated() > 0;
            case BEYOND_PROMISE -> true;
        };
    }

    private long briefly() {
        return 10 * MILLI + (long) (random.nextDouble() * random.nextDouble() * 8 * SECOND);
    }

    private void inject(FaultClass fault) {
        var node = anyNode();
        switch (fault) {
            case PROCESS_CRASH -> {
                if (node.isUp() && mayBreak(node)) {
                    cluster.crash(node, "SIGKILL");
                    startLater(node);
                }
            }
            case CRASH_AT_EFFECT -> {
                if (node.isUp() && mayBreak(node)) {
                    cluster.crashAtEffect(node, 1 + random.nextInt(100));
                }
            }
            case POWER_LOSS -> {
                if (mayBreak(node)) {
                    cluster.losePower(node);
                    startLater(node);
                }
            }
            case POWER_LOSS_OF_ALL -> {
                for (var each : cluster.nodes()) {
                    cluster.losePower(each);
                    startLater(each);
                }
            }
            case CLEAN_RESTART -> {
                if (mayBreak(node)) {
                    cluster.shutDown(node, () -> startLater(node));
                }
            }
            case PAUSE -> {
                cluster.pause(node, random.nextBoolean());
                after(briefly(), () -> cluster.resume(node));
            }
            case CLOCK_RATE -> node.clock().setRate(0.92 + 0.16 * random.nextDouble());
            case ISOLATION -> partition(node, true, true);
            case ONE_WAY_LOSS -> partition(node, random.nextBoolean(), false);
            case BRIDGE -> bridge(node);
            case CONNECTION_RESET -> {
                for (var other : cluster.nodes()) {
                    if (other != node) {
                        cluster.network().reset(node.id(), other.id());
                    }
                }
            }
            case SLOW_NETWORK -> {
                var delay = random.nextLong(options.timing().electionTimeoutMinNanos());
                cluster.network()
                        .quality(new LinkQuality(delay / 2, delay, 20_000 + random.nextInt(1_000_000), 0, 0, 0, 0));
                after(briefly(), () -> cluster.network().quality(LinkQuality.LOCAL));
            }
            case LOSSY_NETWORK -> {
                cluster.network()
                        .quality(new LinkQuality(
                                MILLI,
                                10 * MILLI,
                                1 << 24,
                                0.02 * random.nextDouble(),
                                random.nextBoolean() ? 0.01 : 0,
                                random.nextDouble(),
                                random.nextDouble()));
                after(briefly(), () -> cluster.network().quality(LinkQuality.LOCAL));
            }
            case SLOW_DISK -> {
                var disk = disks.get(node.id());
                disk.slowness(2 + random.nextInt(100));
                after(briefly(), () -> disk.slowness(1));
            }
            case DISK_STALL ->
                disks.get(node.id()).stallUntil(cluster.scheduler().nowNanos() + briefly());
            case SYNC_FAILURE -> {
                if (mayBreak(node)) {
                    var disk = disks.get(node.id());
                    // Direct reads see the device; what a page cache shows is the file system's choice.
                    disk.failSyncs(1, options.volume().directBlockBytes() > 1 || random.nextBoolean());
                    after(random.nextLong(SECOND / 10), () -> disk.failSyncs(0, false));
                }
            }
            case WRITE_FAILURE -> {
                if (mayBreak(node)) {
                    var disk = disks.get(node.id());
                    disk.failWrites(1);
                    after(random.nextLong(SECOND / 10), () -> disk.failWrites(0));
                }
            }
            case DISK_FULL -> {
                node.disk().occupy(0);
                node.disk().occupy(Math.max(0, node.disk().freeBytes() - random.nextLong(2 << 20)));
                after(briefly(), () -> node.disk().occupy(0));
            }
            case LEADERSHIP_TRANSFER -> {
                var leader = cluster.leader();
                var replica = leader == null ? null : leader.replica();
                if (replica != null) {
                    replica.transferLeadership(
                            random.nextBoolean() ? -1 : node.id(),
                            outcome -> cluster.coverage()
                                    .count("transfer " + outcome.getClass().getSimpleName()));
                }
            }
        }
        cluster.scheduler().note("fault " + fault + " on node " + node.id());
        cluster.coverage().count("fault " + fault);
    }

    private void startLater(ClusterNode node) {
        // Also when chaos ended meanwhile: whatever stopped comes back.
        cluster.scheduler().after(active ? briefly() : 0, () -> cluster.start(node));
    }

    private void partition(ClusterNode node, boolean outwards, boolean inwards) {
        var network = cluster.network();
        for (var other : cluster.nodes()) {
            if (other == node) {
                continue;
            }
            if (outwards) {
                network.block(node.id(), other.id());
            }
            if (inwards || !outwards) {
                network.block(other.id(), node.id());
            }
        }
        after(briefly(), () -> {
            for (var other : cluster.nodes()) {
                if (other != node) {
                    network.unblock(node.id(), other.id());
                    network.unblock(other.id(), node.id());
                }
            }
        });
    }

    /// Two nodes do not reach each other; everyone else reaches both.
    private void bridge(ClusterNode node) {
        var other = cluster.nodes().get(random.nextInt(options.nodes()));
        if (other == node) {
            return;
        }
        cluster.network().block(node.id(), other.id());
        cluster.network().block(other.id(), node.id());
        after(briefly(), () -> {
            cluster.network().unblock(node.id(), other.id());
            cluster.network().unblock(other.id(), node.id());
        });
    }
}
