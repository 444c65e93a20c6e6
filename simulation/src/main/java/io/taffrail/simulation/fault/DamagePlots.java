package io.taffrail.simulation.fault;

import static io.taffrail.simulation.fault.Stage.MILLI;

import io.taffrail.replication.ReplicaStatus;
import io.taffrail.simulation.ClusterNode;
import io.taffrail.simulation.SimulatedCluster;
import org.jspecify.annotations.Nullable;

/// Volumes that lose the end of their log, at the worst moment.
final class DamagePlots {
    /// A start that goes back to an older checkpoint has about so many.
    private static final int EFFECTS_OF_A_START = 120;

    private final Stage stage;
    private final SimulatedCluster cluster;

    DamagePlots(Stage stage) {
        this.stage = stage;
        this.cluster = stage.cluster();
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
        cluster.start(node);
        dieWhileOpening(node, 1 + stage.random().nextInt(2));
    }

    private void dieWhileOpening(ClusterNode node, int times) {
        cluster.crashAtEffect(node, 1 + stage.random().nextInt(EFFECTS_OF_A_START));
        stage.await(
                () -> !node.isUp(),
                MILLI / 4,
                400,
                () -> {
                    cluster.start(node);
                    if (times > 1) {
                        dieWhileOpening(node, times - 1);
                    } else {
                        stage.leave();
                    }
                },
                () -> {
                    cluster.disarm(node);
                    stage.leave();
                });
    }
}
