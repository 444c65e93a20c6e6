package io.taffrail.simulation.fault;

import io.taffrail.replication.ReplicaStatus;
import io.taffrail.simulation.ClusterNode;
import io.taffrail.simulation.SimulatedCluster;
import io.taffrail.simulation.SimulationOptions;
import io.taffrail.simulation.VotersInForce;
import io.taffrail.simulation.world.LinkQuality;
import io.taffrail.simulation.world.SimulatedDisk;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Where the plots play: who is there, and how nodes are cut off from each other and meet again.
final class Stage {
    static final long MILLI = SimulationOptions.MILLI;
    /// So slow that an election can pass between two entries.
    static final LinkQuality CRAWLING = new LinkQuality(MILLI, MILLI, 10_000, 0, 0, 0, 0);

    /// Runs a task later, unless chaos is over by then.
    @FunctionalInterface
    interface Later {
        void after(long nanos, Runnable task);
    }

    /// What only the plan can do to a node's disk.
    interface Disks {
        /// Writes and flushes complete no earlier than in so many nanoseconds.
        void stall(ClusterNode node, long nanos);

        /// Kills the process and damages its log, so that the log itself tells of it; whoever calls starts it again.
        void spoil(ClusterNode node);

        /// Kills the process and gives it a volume with nothing on it; whoever calls starts it again. False: nothing
        /// was done, since the cluster cannot do without it; what nobody replaces is gone for good.
        boolean empty(ClusterNode node);

        /// Kills the process and takes the newest flushes from its log, which something else on the volume tells;
        /// whoever calls starts it again. False: it is not to be broken now.
        boolean loseTail(ClusterNode node);

        /// Kills the process and brings its volume back to what it was; whoever calls starts it again. False: nothing
        /// was done, since the cluster cannot do without it.
        boolean restore(ClusterNode node, SimulatedDisk older);

        /// Kills the process and takes the newest flushes below `committedLsn` from its log; whoever calls starts it
        /// again. Nothing on the volume tells. False: something would, and nothing is taken.
        boolean loseUntold(ClusterNode node, long committedLsn);
    }

    private final SimulatedCluster cluster;
    private final VotersInForce voters;
    private final SplittableRandom random;
    private final Later later;
    private final Predicate<ClusterNode> mayBreak;
    private final Disks disks;
    private boolean taken;

    Stage(
            SimulatedCluster cluster,
            SplittableRandom random,
            Later later,
            Predicate<ClusterNode> mayBreak,
            Disks disks) {
        this.cluster = cluster;
        this.voters = cluster.voters();
        this.random = random;
        this.later = later;
        this.mayBreak = mayBreak;
        this.disks = disks;
    }

    SimulatedCluster cluster() {
        return cluster;
    }

    SplittableRandom random() {
        return random;
    }

    Disks disks() {
        return disks;
    }

    boolean mayBreak(ClusterNode node) {
        return mayBreak.test(node);
    }

    long electionMaxNanos() {
        return cluster.options().timing().electionTimeoutMaxNanos();
    }

    long electionMinNanos() {
        return cluster.options().timing().electionTimeoutMinNanos();
    }

    void after(long nanos, Runnable task) {
        later.after(nanos, task);
    }

    /// Looks again and again; `otherwise` if the condition does not hold in time.
    void await(BooleanSupplier condition, long everyNanos, long looks, Runnable then, Runnable otherwise) {
        if (condition.getAsBoolean()) {
            then.run();
        } else if (looks == 0) {
            otherwise.run();
        } else {
            after(everyNanos, () -> await(condition, everyNanos, looks - 1, then, otherwise));
        }
    }

    /// One plot at a time: two at once would spoil each other.
    boolean take() {
        var free = !taken;
        taken = true;
        return free;
    }

    /// The plot is over: everybody reaches everybody.
    void leave() {
        taken = false;
        cluster.network().quality(LinkQuality.LOCAL);
        cluster.nodes().forEach(this::mend);
    }

    /// Voters that are up, in any order.
    List<ClusterNode> followers(ClusterNode leader) {
        var others = new ArrayList<ClusterNode>();
        for (var node : cluster.nodes()) {
            if (node != leader && node.isUp() && voters.isVoter(node)) {
                others.add(node);
            }
        }
        Collections.shuffle(others, new Random(random.nextLong()));
        return others;
    }

    /// A leader, as few voters as make a majority with it, and the other voters.
    record Cast(ClusterNode leader, List<ClusterNode> witnesses, List<ClusterNode> behind) {}

    /// Null: there is no leader that has more followers than it needs, or one of them may not break.
    @Nullable
    Cast cast(@Nullable ClusterNode leader) {
        if (leader == null || !voters.newest().containsKey(leader.id())) {
            return null;
        }
        var needed = voters.newest().size() / 2;
        var others = followers(leader);
        if (needed < 1 || others.size() <= needed) {
            return null;
        }
        var witnesses = List.copyOf(others.subList(0, needed));
        return witnesses.stream().allMatch(this::mayBreak)
                ? new Cast(leader, witnesses, List.copyOf(others.subList(needed, others.size())))
                : null;
    }

    /// Only the witnesses reach the leader.
    void leaveWitnessesOnly(Cast cast) {
        for (var node : cluster.nodes()) {
            if (node != cast.leader() && !cast.witnesses().contains(node)) {
                cut(cast.leader(), node);
            }
        }
    }

    void isolate(ClusterNode node) {
        for (var other : cluster.nodes()) {
            if (other != node) {
                cut(node, other);
            }
        }
    }

    void cut(ClusterNode one, ClusterNode other) {
        cluster.network().block(one.id(), other.id());
        cluster.network().block(other.id(), one.id());
    }

    void reconnect(ClusterNode one, ClusterNode other) {
        cluster.network().unblock(one.id(), other.id());
        cluster.network().unblock(other.id(), one.id());
    }

    void mend(ClusterNode node) {
        for (var other : cluster.nodes()) {
            if (other != node) {
                reconnect(node, other);
            }
        }
    }

    /// Also when chaos is over by then.
    void startWithin(ClusterNode node, long nanos) {
        cluster.scheduler().after(random.nextLong(nanos), () -> cluster.lives().start(node));
    }

    static @Nullable ReplicaStatus status(ClusterNode node) {
        var replica = node.replica();
        return replica == null ? null : replica.status();
    }

    /// It has a session with a leader.
    static boolean follows(ClusterNode node) {
        var status = status(node);
        return status != null && status.detail().startsWith("follows");
    }
}
