package io.taffrail.simulation.workload;

import io.taffrail.replication.Replica;
import io.taffrail.simulation.ClusterNode;
import io.taffrail.simulation.SimulatedCluster;
import io.taffrail.simulation.SimulationOptions;
import io.taffrail.simulation.Violations;
import io.taffrail.simulation.check.ReaderSession.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The clients of a run. They see the cluster as clients do: they guess who leads, their requests and the answers
/// take time, an answer may never come.
public final class Workload {
    private static final long LATENCY_NANOS = 300_000;
    private static final int STREAMS = 3;
    /// One producer of so many waits for nothing.
    private static final int CARELESS = 5;

    private final SimulatedCluster cluster;
    private final SplittableRandom random;
    private final List<Producer> producers = new ArrayList<>();
    private final List<LogFollower> followers = new ArrayList<>();
    private boolean stopping;
    private long nextBatch = 1;
    private long nextKey = 1;

    public Workload(SimulatedCluster cluster) {
        this.cluster = cluster;
        this.random = cluster.randomness().named("workload");
        var load = cluster.options().load();
        for (var i = 0; i < load.producers(); i++) {
            var careless = load.asynchronous()
                    && cluster.randomness().named("careless " + i).nextInt(CARELESS) == 0;
            producers.add(new Producer(this, i, "stream-" + i % STREAMS, i % 4 != 3, careless));
        }
        for (var i = 0; i < load.readers(); i++) {
            followers.add(new LogFollower(this, i, i % 2 == 0 ? Level.DURABLE : Level.REPLICATED));
        }
    }

    public void start() {
        producers.forEach(Producer::start);
        followers.forEach(LogFollower::start);
    }

    /// Nothing new is begun; what is pending is finished.
    public void stop() {
        stopping = true;
    }

    boolean stopping() {
        return stopping;
    }

    /// What has not ended yet, for a message; empty: all has.
    public List<String> pending() {
        return producers.stream()
                .filter(Producer::isPending)
                .map(Producer::toString)
                .toList();
    }

    public List<Producer> producers() {
        return producers;
    }

    SimulatedCluster cluster() {
        return cluster;
    }

    Violations violations() {
        return cluster.violations();
    }

    SplittableRandom random() {
        return random;
    }

    SimulationOptions options() {
        return cluster.options();
    }

    long newBatch() {
        return nextBatch++;
    }

    /// Of an attempt that no other stands for.
    long newKey() {
        return -nextKey++;
    }

    long now() {
        return cluster.scheduler().nowNanos();
    }

    /// Some time between the two ends of a request, or later if it is unlucky.
    long latency() {
        return random.nextInt(200) == 0 ? random.nextLong(SimulationOptions.SECOND) : random.nextLong(LATENCY_NANOS);
    }

    void after(long nanos, Runnable task) {
        cluster.scheduler().after(nanos, task);
    }

    /// Mostly the leader, sometimes anyone.
    ClusterNode target() {
        var leader = cluster.leader();
        return leader != null && random.nextInt(10) != 0 ? leader : anyNode();
    }

    ClusterNode anyNode() {
        return cluster.nodes().get(random.nextInt(cluster.nodes().size()));
    }

    /// Hands the replica to `request` after the way there takes its time; null: nobody answers.
    void send(ClusterNode node, Consumer<@Nullable Replica> request) {
        after(latency(), () -> request.accept(node.replica()));
    }
}
