package io.taffrail.simulation;

import io.taffrail.replication.ReplicaStatus;
import io.taffrail.simulation.check.Checks;
import io.taffrail.simulation.world.NodeClock;
import io.taffrail.simulation.world.Randomness;
import io.taffrail.simulation.world.SimulatedDisk;
import io.taffrail.simulation.world.SimulatedNetwork;
import io.taffrail.simulation.world.SimulatedScheduler;
import io.taffrail.simulation.world.Trace;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The nodes of one run and the world that they live in, which runs until the first violation. What can be
/// done to the nodes, and what is known of them, is with the parts that this is made of.
public final class SimulatedCluster {
    private static final int TRACE_EVENTS = Integer.getInteger("traceEvents", 400);
    private static final long BOOTSTRAP_RETRY_NANOS = 500 * SimulationOptions.MILLI;

    private final SimulationOptions options;
    private final Randomness randomness;
    private final SimulatedScheduler scheduler;
    private final SimulatedNetwork network;
    private final List<ClusterNode> nodes = new ArrayList<>();
    private final Checks checks;
    private final Coverage coverage = new Coverage();
    private final Violations violations;
    private final Histories histories;
    private final VotersInForce voters;
    private final VolumeDamage damage;
    private final ReplicaLogs logs;
    private final ReplicaWatch watch;
    private final ClientAnswers answers;
    private final NodeLives lives;
    private @Nullable UUID clusterId;
    private boolean bootstrapped;

    public SimulatedCluster(SimulationOptions options) {
        this.options = options;
        randomness = new Randomness(options.seed());
        scheduler = new SimulatedScheduler(randomness.named("scheduler"), new Trace(TRACE_EVENTS));
        network = new SimulatedNetwork(scheduler, randomness.named("network"));
        var clocks = randomness.named("clocks");
        for (var id = 0; id < options.allNodes(); id++) {
            var disk = new SimulatedDisk(options.volume());
            var clock = new NodeClock(scheduler, clocks.nextLong(1_000 * SimulationOptions.SECOND), 1);
            nodes.add(new ClusterNode(id, scheduler, disk, clock));
        }
        checks = new Checks(options);
        violations = new Violations(scheduler);
        histories = new Histories(nodes, options.log().retentionBytes() > 0, checks, coverage, scheduler);
        voters = new VotersInForce(nodes, checks.history(), scheduler);
        damage = new VolumeDamage(nodes, voters, checks, coverage, scheduler);
        logs = new ReplicaLogs(nodes, histories, voters, checks, scheduler, violations);
        watch = new ReplicaWatch(nodes, histories, voters, damage, logs, checks, coverage, scheduler, violations);
        network.tap(watch::said);
        answers = new ClientAnswers(nodes, histories, voters, logs, checks, coverage, scheduler, violations);
        lives = new NodeLives(
                nodes, options, randomness, scheduler, network, logs, damage, watch, checks, coverage, violations);
    }

    public SimulationOptions options() {
        return options;
    }

    public Randomness randomness() {
        return randomness;
    }

    public SimulatedScheduler scheduler() {
        return scheduler;
    }

    public SimulatedNetwork network() {
        return network;
    }

    public List<ClusterNode> nodes() {
        return nodes;
    }

    public Checks checks() {
        return checks;
    }

    public Coverage coverage() {
        return coverage;
    }

    public Violations violations() {
        return violations;
    }

    public Histories histories() {
        return histories;
    }

    public VotersInForce voters() {
        return voters;
    }

    public VolumeDamage damage() {
        return damage;
    }

    public ReplicaLogs logs() {
        return logs;
    }

    ReplicaWatch watch() {
        return watch;
    }

    public ClientAnswers answers() {
        return answers;
    }

    public NodeLives lives() {
        return lives;
    }

    public Volumes volumes() {
        return lives.volumes();
    }

    public void startAll() {
        nodes.forEach(lives::start);
        bootstrapWhenUp();
    }

    private void bootstrapWhenUp() {
        if (bootstrapped) {
            return;
        }
        var first = nodes.getFirst().replica();
        var initial = nodes.subList(0, options.nodes());
        if (first != null && initial.stream().allMatch(node -> node.replica() != null)) {
            if (clusterId == null) {
                var ids = randomness.named("cluster id");
                clusterId = new UUID(ids.nextLong(), ids.nextLong());
            }
            var peers = initial.stream().map(ClusterNode::peer).toList();
            first.bootstrap(clusterId, peers, outcome -> bootstrapped = true);
        }
        scheduler.after(BOOTSTRAP_RETRY_NANOS, this::bootstrapWhenUp);
    }

    /// Runs the world until the time or the first violation.
    public void runUntil(long timeNanos) {
        var before = scheduler.executedEvents();
        while (violations.first() == null && scheduler.step(timeNanos)) {
            // Each step is one event.
        }
        if (scheduler.executedEvents() == before) {
            // Time passes where nothing happens, too: whoever waits with a limit would wait for ever.
            scheduler.runUntil(timeNanos);
        }
    }

    /// The node that says it leads, in the highest epoch.
    public @Nullable ClusterNode leader() {
        ClusterNode leader = null;
        var epoch = -1L;
        for (var node : nodes) {
            var replica = node.replica();
            if (replica != null
                    && replica.status().state() == ReplicaStatus.State.LEADER
                    && replica.status().epoch() > epoch) {
                leader = node;
                epoch = replica.status().epoch();
            }
        }
        return leader;
    }
}
