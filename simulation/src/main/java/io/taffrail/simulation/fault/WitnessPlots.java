package io.taffrail.simulation.fault;

import static io.taffrail.simulation.fault.Stage.CRAWLING;
import static io.taffrail.simulation.fault.Stage.MILLI;

import io.taffrail.simulation.ClusterNode;
import io.taffrail.simulation.NodeLives;
import io.taffrail.simulation.world.LinkQuality;
import org.jspecify.annotations.Nullable;

/// What was counted last is held by the leader and as few others as can be, its witnesses. Those lose it, and have to
/// know that they did when they meet voters that never had it.
final class WitnessPlots {
    private final Stage stage;
    private final NodeLives lives;

    WitnessPlots(Stage stage) {
        this.stage = stage;
        this.lives = stage.cluster().lives();
    }

    /// The witnesses forget what only their memory held, and the leader is cut off: when they have joined it again and
    /// not caught up, or before they come back, and then they shut down properly.
    void forget(@Nullable ClusterNode leader) {
        var cast = stage.cast(leader);
        if (cast == null || !stage.take()) {
            return;
        }
        var random = stage.random();
        var joins = random.nextBoolean();
        stage.leaveWitnessesOnly(cast);
        // While a follower counts as in sync, what memory holds counts; what a stalled disk has not flushed is lost.
        var wait = 5 * MILLI + random.nextLong(stage.electionMinNanos() / 2);
        cast.witnesses().forEach(node -> stage.disks().stall(node, wait));
        stage.after(wait, () -> {
            cast.witnesses().forEach(witness -> die(witness, joins));
            if (joins) {
                joinAndLose(cast);
            } else {
                stage.isolate(cast.leader());
                cast.witnesses().forEach(this::shutDownWhenUp);
                returnLater();
            }
        });
    }

    private void die(ClusterNode node, boolean joins) {
        stage.disks().stall(node, 0);
        if (!node.isUp() || !stage.mayBreak(node)) {
            return;
        }
        // Who loses power is connected again late.
        if (!joins && stage.random().nextBoolean()) {
            lives.losePower(node);
        } else {
            lives.crash(node, "SIGKILL with what it was counted for");
        }
        stage.startWithin(node, 20 * MILLI);
    }

    private void joinAndLose(Stage.Cast cast) {
        var network = stage.cluster().network();
        for (var witness : cast.witnesses()) {
            network.quality(cast.leader().id(), witness.id(), CRAWLING);
        }
        Runnable lose = () -> {
            stage.isolate(cast.leader());
            network.quality(LinkQuality.LOCAL);
            returnLater();
        };
        stage.await(() -> cast.witnesses().stream().allMatch(Stage::follows), MILLI, 1_500, lose, lose);
    }

    private void shutDownWhenUp(ClusterNode node) {
        var scheduler = stage.cluster().scheduler();
        stage.await(
                () -> node.replica() != null,
                5 * MILLI,
                200,
                () -> stage.after(
                        20 * MILLI + stage.random().nextLong(50 * MILLI),
                        () -> lives.shutDown(node, () -> scheduler.after(0, () -> lives.start(node)))),
                () -> {});
    }

    private void returnLater() {
        var election = stage.electionMaxNanos();
        stage.after(election * 5 / 4 + stage.random().nextLong(election), stage::leave);
    }

    /// The witnesses' volumes lose what was flushed, and the leader is cut off.
    void rot(@Nullable ClusterNode leader) {
        var cast = stage.cast(leader);
        if (cast == null || !stage.take()) {
            return;
        }
        stage.leaveWitnessesOnly(cast);
        stage.after(20 * MILLI + stage.random().nextLong(stage.electionMaxNanos() / 2), () -> {
            for (var witness : cast.witnesses()) {
                if (witness.isUp() && stage.mayBreak(witness)) {
                    stage.disks().spoil(witness);
                    stage.startWithin(witness, 20 * MILLI);
                }
            }
            stage.isolate(cast.leader());
            returnLater();
        });
    }
}
