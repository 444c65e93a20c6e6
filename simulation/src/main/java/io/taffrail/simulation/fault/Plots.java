package io.taffrail.simulation.fault;

import static io.taffrail.simulation.fault.Stage.CRAWLING;
import static io.taffrail.simulation.fault.Stage.MILLI;

import io.taffrail.simulation.ClusterNode;
import io.taffrail.simulation.NodeLives;
import io.taffrail.simulation.SimulatedCluster;
import io.taffrail.simulation.VotersInForce;
import io.taffrail.simulation.world.LinkQuality;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// Faults in an order that chance alone brings about too rarely: each of these leads to a corner of the protocol.
final class Plots {
    private static final int LOOKS = 60;

    private final Stage stage;
    private final SimulatedCluster cluster;
    private final NodeLives lives;
    private final VotersInForce voters;
    private final SplittableRandom random;
    private final long electionNanos;

    Plots(Stage stage) {
        this.stage = stage;
        this.cluster = stage.cluster();
        this.lives = cluster.lives();
        this.voters = cluster.voters();
        this.random = stage.random();
        this.electionNanos = stage.electionMaxNanos();
    }

    /// 1. The leader reaches no more followers than it needs. 2. Those die, and the leader is cut off: at once, or
    /// when they have joined again and not caught up. 3. They come back at once, and meet the others; or shut down
    /// properly before that.
    void corner(@Nullable ClusterNode leader) {
        var needed = voters.newest().size() / 2;
        if (leader == null || needed < 1 || !voters.newest().containsKey(leader.id())) {
            return;
        }
        var others = stage.followers(leader);
        if (others.size() <= needed) {
            return;
        }
        var witnesses = List.copyOf(others.subList(0, needed));
        var behind = List.copyOf(others.subList(needed, others.size()));
        behind.forEach(node -> stage.cut(leader, node));
        stage.after(10 * MILLI + random.nextLong(electionNanos / 3), () -> {
            var meetAgain = random.nextInt(3) == 0;
            for (var witness : witnesses) {
                if (witness.isUp() && stage.mayBreak(witness)) {
                    die(witness);
                }
                if (meetAgain) {
                    cluster.network().quality(leader.id(), witness.id(), CRAWLING);
                }
            }
            stage.after(meetAgain ? 100 * MILLI + random.nextLong(400 * MILLI) : 0, () -> {
                for (var node : cluster.nodes()) {
                    if (node != leader) {
                        stage.cut(leader, node);
                        cluster.network().quality(leader.id(), node.id(), LinkQuality.LOCAL);
                    }
                }
            });
            stage.after(electionNanos + random.nextLong(6 * electionNanos), () -> stage.mend(leader));
        });
    }

    private void die(ClusterNode node) {
        if (random.nextBoolean()) {
            lives.losePower(node);
        } else {
            lives.crash(node, "SIGKILL with what it was counted for");
        }
        cluster.scheduler().after(random.nextLong(200 * MILLI), () -> lives.start(node));
        if (random.nextInt(3) == 0) {
            stage.after(
                    200 * MILLI + random.nextLong(100 * MILLI),
                    () -> lives.shutDown(node, () -> cluster.scheduler().after(0, () -> lives.start(node))));
        }
    }

    /// 1. The leader is cut off. 2. As soon as it has a successor, all are cut off from each other for an election
    /// timeout. 3. The two meet, and nobody else. Returns whether there was a leader.
    boolean returnLate(@Nullable ClusterNode leader) {
        if (leader == null || voters.newest().size() < 3) {
            return false;
        }
        for (var node : cluster.nodes()) {
            if (node != leader) {
                stage.cut(leader, node);
            }
        }
        awaitSuccessor(leader, LOOKS);
        return true;
    }

    private void awaitSuccessor(ClusterNode leader, int looks) {
        stage.after(electionNanos / 10, () -> {
            var successor = cluster.leader();
            if (looks == 0) {
                stage.mend(leader);
            } else if (successor == null || successor == leader) {
                awaitSuccessor(leader, looks - 1);
            } else {
                stage.after(random.nextLong(electionNanos / 2), () -> meet(leader, successor));
            }
        });
    }

    private void meet(ClusterNode leader, ClusterNode successor) {
        cluster.nodes().forEach(stage::isolate);
        stage.after(electionNanos, () -> {
            stage.reconnect(leader, successor);
            stage.after(3 * electionNanos, () -> cluster.nodes().forEach(stage::mend));
        });
    }

    /// What recovery found in the page cache has to be flushed before it counts.
    void losePowerAfterCrash(ClusterNode node) {
        lives.crash(node, "SIGKILL before a power loss");
        stage.after(random.nextLong(100 * MILLI), () -> {
            lives.start(node);
            stage.after(random.nextLong(300 * MILLI), () -> {
                if (stage.mayBreak(node)) {
                    lives.losePower(node);
                    cluster.scheduler().after(random.nextLong(500 * MILLI), () -> lives.start(node));
                }
            });
        });
    }
}
