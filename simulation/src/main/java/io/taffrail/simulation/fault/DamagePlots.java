package io.taffrail.simulation.fault;

import static io.taffrail.simulation.fault.Stage.MILLI;

import io.taffrail.replication.ReplicaStatus;
import io.taffrail.simulation.ClusterNode;
import io.taffrail.simulation.NodeLives;
import io.taffrail.simulation.SimulatedCluster;
import io.taffrail.simulation.VotersInForce;
import io.taffrail.simulation.world.SimulatedDisk;
import org.jspecify.annotations.Nullable;

/// Volumes that lose the end of their log, at the worst moment.
final class DamagePlots {
    /// A start that goes back to an older checkpoint has about so many.
    private static final int EFFECTS_OF_A_START = 120;

    private final Stage stage;
    private final SimulatedCluster cluster;
    private final NodeLives lives;
    private final VotersInForce voters;

    DamagePlots(Stage stage) {
        this.stage = stage;
        this.cluster = stage.cluster();
        this.lives = cluster.lives();
        this.voters = cluster.voters();
    }

    /// 1. Only the leader and as few others as can be have what was counted last. 2. Those lose it, nothing tells
    /// them, and the leader is cut off. 3. They elect with the ones that never had it. 4. The leader comes back.
    void loseUntold(@Nullable ClusterNode leader) {
        var cast = stage.cast(leader);
        if (cast == null || !stage.take()) {
            return;
        }
        stage.leaveWitnessesOnly(cast);
        stage.after(20 * MILLI + stage.random().nextLong(stage.electionMaxNanos() / 2), () -> {
            var replica = cast.leader().replica();
            var committed = replica == null ? 0 : replica.watermarks().quorumFlushed();
            stage.isolate(cast.leader());
            var lost = true;
            for (var witness : cast.witnesses()) {
                lost &= stage.disks().loseUntold(witness, committed);
                stage.startWithin(witness, 20 * MILLI);
            }
            if (!lost) {
                stage.leave();
                return;
            }
            cluster.coverage().count("lost untold what a majority has flushed");
            // Who has forgotten something as well waits for the silent voter first.
            var look = stage.electionMaxNanos() / 10;
            stage.await(() -> hasSuccessor(cast.leader()), look, 150, stage::leave, stage::leave);
        });
    }

    private boolean hasSuccessor(ClusterNode former) {
        return cluster.nodes().stream().anyMatch(node -> {
            var status = Stage.status(node);
            return node != former && status != null && status.state() == ReplicaStatus.State.LEADER;
        });
    }

    /// The process that opens the log next dies while it does, perhaps when it has deleted what told it; so may the one
    /// after it.
    void crashWhileOpening(ClusterNode node) {
        if (!stage.take()) {
            return;
        }
        if (!stage.disks().loseTail(node)) {
            stage.leave();
            return;
        }
        lives.start(node);
        dieWhileOpening(node, 1 + stage.random().nextInt(2));
    }

    private void dieWhileOpening(ClusterNode node, int times) {
        lives.crashAtEffect(node, 1 + stage.random().nextInt(EFFECTS_OF_A_START));
        stage.await(
                () -> !node.isUp(),
                MILLI / 4,
                400,
                () -> {
                    lives.start(node);
                    if (times > 1) {
                        dieWhileOpening(node, times - 1);
                    } else {
                        stage.leave();
                    }
                },
                () -> {
                    lives.disarm(node);
                    stage.leave();
                });
    }

    /// A copy of a voter's volume is made, and brought back when the voter has gone on: at once, or when it has come
    /// back twice and led, so that all others have heard of a later process than the copy knows of.
    void restoreOlder(ClusterNode node) {
        if (!voters.isVoter(node)
                || node.replica() == null
                || node.exchanged()
                || voters.newest().size() < 3
                || cluster.options().spares() > 0
                || !stage.take()) {
            return;
        }
        var copy = cluster.volumes().snapshot(node);
        var wait = 10 * MILLI + stage.random().nextLong(2 * stage.electionMaxNanos());
        if (stage.random().nextInt(3) == 0) {
            stage.after(wait, () -> restore(node, copy));
        } else {
            comeBackAndLead(node, 2, () -> stage.after(wait, () -> restore(node, copy)));
        }
    }

    private void comeBackAndLead(ClusterNode node, int times, Runnable then) {
        if (times == 0) {
            var leader = cluster.leader();
            var replica = leader == null ? null : leader.replica();
            if (replica != null) {
                replica.transferLeadership(node.id(), _ -> {});
            }
            stage.await(() -> cluster.leader() == node, stage.electionMaxNanos() / 20, 60, then, stage::leave);
            return;
        }
        if (!node.isUp() || !stage.mayBreak(node)) {
            stage.leave();
            return;
        }
        lives.crash(node, "SIGKILL, so that its volume has seen more processes");
        stage.startWithin(node, 20 * MILLI);
        stage.await(
                () -> isIntactFollower(node),
                stage.electionMaxNanos() / 20,
                100,
                () -> comeBackAndLead(node, times - 1, then),
                stage::leave);
    }

    private static boolean isIntactFollower(ClusterNode node) {
        var status = Stage.status(node);
        return status != null && status.integrity() == ReplicaStatus.Integrity.INTACT && Stage.follows(node);
    }

    private void restore(ClusterNode node, SimulatedDisk copy) {
        if (stage.disks().restore(node, copy)) {
            cluster.coverage().count("older volume brought back");
        }
        stage.startWithin(node, 20 * MILLI);
        stage.leave();
    }
}
