package io.taffrail.simulation.fault;

import io.taffrail.simulation.ClusterNode;
import io.taffrail.simulation.ClusterSettings;
import io.taffrail.simulation.NodeLives;
import io.taffrail.simulation.SimulatedCluster;
import io.taffrail.simulation.SimulationOptions;
import io.taffrail.simulation.Volumes;
import io.taffrail.simulation.VotersInForce;
import io.taffrail.simulation.workload.Administrator;
import io.taffrail.simulation.world.LinkQuality;
import io.taffrail.simulation.world.SimulatedDisk;
import io.taffrail.streams.Durability;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Breaks things at random while chaos lasts, never more at once than the budget allows, and mends everything at its
/// end.
public final class FaultPlan {
    private static final long SECOND = SimulationOptions.SECOND;
    private static final long MILLI = SimulationOptions.MILLI;

    private final SimulatedCluster cluster;
    private final NodeLives lives;
    private final VotersInForce voters;
    private final SimulationOptions options;
    private final SplittableRandom random;
    private final List<FaultClass> classes;
    private final List<FaultyDisk> disks = new ArrayList<>();
    private final List<List<ClusterNode>> exchanged = new ArrayList<>();
    private final Administrator administrator;
    private final Plots plots;
    private final Stage stage;
    private final WitnessPlots witnessPlots;
    private final LeaderPlots leaderPlots;
    private final MemberPlots memberPlots;
    private final DamagePlots damagePlots;
    private final TreeSet<Integer> rottenCheckpoints = new TreeSet<>();
    private boolean active;
    private boolean roomIsLittle;
    private long settingsGeneration;

    public FaultPlan(SimulatedCluster cluster, Administrator administrator, PlantedBug bug) {
        this.administrator = administrator;
        this.cluster = cluster;
        this.lives = cluster.lives();
        this.voters = cluster.voters();
        this.options = cluster.options();
        this.random = cluster.randomness().named("faults");
        this.classes = List.copyOf(options.faults());
        this.stage = new Stage(cluster, random, this::after, this::mayBreak, new PlotDisks());
        this.plots = new Plots(stage);
        this.witnessPlots = new WitnessPlots(stage);
        this.leaderPlots = new LeaderPlots(stage);
        this.memberPlots = new MemberPlots(stage, administrator);
        this.damagePlots = new DamagePlots(stage);
        cluster.network().rewrite(bug::rewrite);
        var latencies = cluster.randomness().child("disks");
        for (var node : cluster.nodes()) {
            var disk = new FaultyDisk(
                    latencies.named("disk " + node.id()),
                    node::trueNanos,
                    (lasts, vital) -> cluster.damage().diskFault(node, lasts, vital),
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
        giveVolumesBack();
        for (var node : cluster.nodes()) {
            node.disk().occupy(0);
            lives.clockRate(node, 1);
            lives.disarm(node);
            lives.resume(node);
            if (node.isGivenUp()) {
                lives.crash(node, "a person has given it up");
                cluster.volumes().replace(node);
            }
            lives.release(node);
            lives.start(node);
        }
    }

    private ClusterNode anyNode() {
        // The leader is where most can go wrong.
        var leader = cluster.leader();
        return leader != null && random.nextInt(3) == 0
                ? leader
                : cluster.nodes().get(random.nextInt(options.allNodes()));
    }

    /// Whether the node may forget something or fall silent for good now.
    private boolean mayBreak(ClusterNode node) {
        return switch (options.budget()) {
            case WITHIN_PROMISE -> isOneOfFew(node);
            case BEYOND_PROMISE -> true;
        };
    }

    private boolean isOneOfFew(ClusterNode node) {
        return !voters.mayVote(node) || voters.uncleanOthers(node) < voters.tolerated();
    }

    private long briefly() {
        return 10 * MILLI + (long) (random.nextDouble() * random.nextDouble() * 8 * SECOND);
    }

    private void inject(FaultClass fault) {
        var node = anyNode();
        switch (fault) {
            case PROCESS_CRASH -> {
                if (node.isUp() && mayBreak(node)) {
                    lives.crash(node, "SIGKILL");
                    startLater(node);
                }
            }
            case CRASH_AT_EFFECT -> {
                if (node.isUp() && mayBreak(node)) {
                    lives.crashAtEffect(node, 1 + random.nextInt(100));
                }
            }
            case POWER_LOSS -> {
                if (mayBreak(node)) {
                    lives.losePower(node);
                    startLater(node);
                }
            }
            case POWER_LOSS_OF_ALL -> {
                for (var each : cluster.nodes()) {
                    lives.losePower(each);
                    startLater(each);
                }
            }
            case CLEAN_RESTART -> {
                if (mayBreak(node)) {
                    lives.shutDown(node, () -> startLater(node));
                }
            }
            case PAUSE -> {
                lives.pause(node, random.nextBoolean());
                after(briefly(), () -> lives.resume(node));
            }
            case CLOCK_RATE -> lives.clockRate(node, 0.92 + 0.16 * random.nextDouble());
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
            case CLOCK_JUMP -> node.clock().jump(random.nextLong(random.nextBoolean() ? SECOND : 60 * SECOND));
            case BIT_ROT -> rot(node, false);
            case LOST_WRITE -> rot(node, true);
            case EMPTY_VOLUME -> {
                if (empty(node)) {
                    startLater(node);
                }
            }
            case EXCHANGED_VOLUMES -> exchange(node);
            case MEMBERSHIP -> changeMembers();
            case SETTINGS -> changeSettings();
            case CORNERED_QUORUM -> plots.corner(cluster.leader());
            case OLD_LEADER_RETURNS -> {
                if (plots.returnLate(cluster.leader()) && classes.contains(FaultClass.MEMBERSHIP)) {
                    // What it logs of it is cut off later.
                    changeMembers();
                }
            }
            case FORGETFUL_WITNESS -> witnessPlots.forget(cluster.leader());
            case ROTTEN_WITNESS -> witnessPlots.rot(cluster.leader());
            case CORNERED_WITH_LEARNER -> memberPlots.cornerWithLearner(cluster.leader());
            case LEADER_STALLS_ALONE -> leaderPlots.stallAlone(cluster.leader());
            case VOTER_RETURNS_WITH_LESS -> leaderPlots.comeBackWithLess(cluster.leader());
            case MEMBERS_CHANGE_UNSEEN -> memberPlots.changeUnseen(cluster.leader());
            case CRASH_WHILE_FILLED -> memberPlots.crashWhileFilled(cluster.leader());
            case LOST_TAIL -> {
                if (loseTail(node)) {
                    lives.start(node);
                }
            }
            case UNTOLD_LOSS -> damagePlots.loseUntold(cluster.leader());
            case FORCED_RECOVERY -> memberPlots.loseMajority(cluster.leader());
            case OLD_ROT -> rotOldSegment(node);
            case OLDER_VOLUME -> damagePlots.restoreOlder(node);
            case CRASH_WHILE_OPENING -> damagePlots.crashWhileOpening(node);
            case LITTLE_ROOM -> leaveLittleRoom(node);
            case OLD_ACKNOWLEDGEMENTS_ARRIVE -> leaderPlots.hearOldAcknowledgements(cluster.leader());
            case FOLLOWERS_STALL -> leaderPlots.stallFollowers(cluster.leader());
            case POWER_LOSS_AFTER_CRASH -> {
                if (node.isUp() && mayBreak(node)) {
                    plots.losePowerAfterCrash(node);
                }
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

    /// What nobody replaces is gone for good: never more than the cluster can do without.
    private boolean empty(ClusterNode node) {
        if (voters.newest().size() <= 1 || node.replica() == null || !isOneOfFew(node)) {
            return false;
        }
        lives.crash(node, "its volume is gone");
        cluster.volumes().empty(node);
        return true;
    }

    /// What another replica can make good: with one voter, or without a sound majority, there may be none.
    private void rotOldSegment(ClusterNode node) {
        if (voters.newest().size() < 3 || node.replica() == null || node.exchanged() || !isOneOfFew(node)) {
            return;
        }
        var where = new Rot(node.disk(), random, false).rotOld();
        if (where != null) {
            cluster.scheduler().note("rot in " + where + " of node " + node.id());
            cluster.coverage().count("damaged old segment");
            cluster.damage().rots(node);
        }
    }

    private void rot(ClusterNode node, boolean loses) {
        // What lies in another node's machine comes home as it went.
        if (!mayBreak(node) || node.exchanged()) {
            return;
        }
        lives.crash(node, "SIGKILL before its volume rots");
        var within = options.budget() == FaultBudget.WITHIN_PROMISE;
        damage(node, new Rot(node.disk(), random, loses).inflict(within));
        startLater(node);
    }

    /// The log fills the volume by itself until only the reserve is left, or somebody else has taken some of that, too.
    /// Of all volumes, since they hold the same, or of one.
    private void leaveLittleRoom(ClusterNode node) {
        if (roomIsLittle) {
            return;
        }
        roomIsLittle = true;
        var segment = options.log().segmentBytes();
        var left = random.nextBoolean()
                ? ClusterSettings.RESERVE_BYTES + 2L * segment + random.nextLong(4L * segment)
                : random.nextLong(ClusterSettings.RESERVE_BYTES);
        var nodes = random.nextBoolean() ? cluster.nodes() : List.of(node);
        for (var each : nodes) {
            each.disk().occupy(0);
            each.disk().occupy(Math.max(0, each.disk().freeBytes() - left));
        }
        after(3 * SECOND + briefly(), () -> {
            roomIsLittle = false;
            nodes.forEach(each -> each.disk().occupy(0));
        });
    }

    private boolean loseTail(ClusterNode node) {
        if (!mayBreak(node) || node.exchanged()) {
            return false;
        }
        lives.crash(node, "SIGKILL before its disk forgets");
        damage(
                node,
                new Rot(node.disk(), random, true)
                        .loseTail(volume -> Volumes.rememberedLsn(volume, !rottenCheckpoints.contains(node.id()))));
        return true;
    }

    /// Null: there was nothing to damage.
    private void damage(ClusterNode node, Rot.@Nullable Damage damage) {
        if (damage == null) {
            return;
        }
        cluster.scheduler().note("damaged " + damage.where());
        cluster.damage().touched(node);
        if (damage.isOfACheckpoint()) {
            rottenCheckpoints.add(node.id());
        }
        var witnessed = damage.witness().test(node.disk());
        cluster.coverage().count("damaged " + (damage.isOfTheLog() ? (witnessed ? "log" : "log's end") : "small file"));
        if (damage.isOfTheLog()) {
            if (witnessed) {
                cluster.damage().damaged(node);
                cluster.damage().mustNotice(node, damage.lsn(), damage.witness());
            } else {
                cluster.damage().silentlyDamaged(node, damage.lsn());
            }
        }
    }

    private final class PlotDisks implements Stage.Disks {
        @Override
        public void stall(ClusterNode node, long nanos) {
            disks.get(node.id()).stallUntil(cluster.scheduler().nowNanos() + nanos);
        }

        @Override
        public void spoil(ClusterNode node) {
            if (!node.exchanged()) {
                lives.crash(node, "SIGKILL before its volume rots");
                damage(node, new Rot(node.disk(), random, random.nextBoolean()).spoilLog());
            }
        }

        @Override
        public boolean empty(ClusterNode node) {
            return FaultPlan.this.empty(node);
        }

        @Override
        public boolean restore(ClusterNode node, SimulatedDisk older) {
            // As one that is gone for good: whoever notices that it is older lets it take no part.
            if (voters.newest().size() <= 1 || node.replica() == null || node.exchanged() || !isOneOfFew(node)) {
                return false;
            }
            lives.crash(node, "its volume is brought back to what it was");
            return cluster.volumes().older().restore(node, older);
        }

        @Override
        public boolean loseTail(ClusterNode node) {
            return FaultPlan.this.loseTail(node);
        }

        @Override
        public boolean loseUntold(ClusterNode node, long committedLsn) {
            if (!node.isUp() || node.exchanged()) {
                return false;
            }
            lives.crash(node, "SIGKILL before its disk forgets what nothing else tells");
            var damage = new Rot(node.disk(), random, true)
                    .loseUntold(Volumes.rememberedLsn(node.disk(), true), committedLsn);
            damage(node, damage);
            return damage != null;
        }
    }

    private void exchange(ClusterNode node) {
        var other = cluster.nodes().get(random.nextInt(options.allNodes()));
        var within = options.budget() == FaultBudget.WITHIN_PROMISE;
        if (other == node
                || node.exchanged()
                || other.exchanged()
                || node.replica() == null
                || other.replica() == null
                || !cluster.volumes().namesItsOwner(node)
                || !cluster.volumes().namesItsOwner(other)
                || (within && voters.uncleanOthers(node) + 2 > voters.tolerated())) {
            return;
        }
        lives.crash(node, "its volume goes to node " + other.id());
        lives.crash(other, "its volume goes to node " + node.id());
        cluster.volumes().exchange(node, other);
        exchanged.add(List.of(node, other));
        lives.start(node);
        lives.start(other);
        after(SECOND + briefly(), this::giveVolumesBack);
    }

    private void giveVolumesBack() {
        for (var pair : exchanged) {
            if (!pair.getFirst().exchangedWith(pair.getLast())) {
                // They have them back already, since one of these was given up.
                continue;
            }
            pair.forEach(node -> lives.crash(node, "gets its own volume back"));
            cluster.volumes().exchange(pair.getFirst(), pair.getLast());
            for (var node : pair) {
                node.disk().behaviour(disks.get(node.id()));
                lives.start(node);
            }
        }
        exchanged.clear();
    }

    private void changeMembers() {
        var all = options.allNodes();
        var size = options.spares() == 0 ? all : random.nextBoolean() ? options.nodes() : all;
        var ids = new TreeSet<Integer>();
        while (ids.size() < size) {
            ids.add(random.nextInt(all));
        }
        administrator.want(ids);
    }

    private void changeSettings() {
        settingsGeneration++;
        var settings = ClusterSettings.settings(
                options,
                settingsGeneration,
                random.nextBoolean() ? Durability.WEAKEST : Durability.SAFEST_DEFAULT,
                random.nextBoolean());
        for (var each : cluster.nodes()) {
            var replica = each.replica();
            if (replica != null) {
                replica.applySettings(
                        settings,
                        outcome -> cluster.coverage()
                                .count("settings " + outcome.getClass().getSimpleName()));
            }
        }
    }

    private void startLater(ClusterNode node) {
        // Also when chaos ended meanwhile: whatever stopped comes back.
        cluster.scheduler().after(active ? briefly() : 0, () -> lives.start(node));
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
        after(briefly(), () -> stage.mend(node));
    }

    /// Two nodes do not reach each other; everyone else reaches both.
    private void bridge(ClusterNode node) {
        var other = cluster.nodes().get(random.nextInt(options.allNodes()));
        if (other == node) {
            return;
        }
        stage.cut(node, other);
        after(briefly(), () -> stage.reconnect(node, other));
    }
}
