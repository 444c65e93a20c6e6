package io.taffrail.simulation.fault;

import static io.taffrail.simulation.fault.Stage.MILLI;

import io.taffrail.simulation.ClusterNode;
import io.taffrail.simulation.NodeLives;
import io.taffrail.simulation.world.LinkQuality;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A leader that loses its followers, or some of them what it has counted.
final class LeaderPlots {
    private static final int FIVE = 5;

    private final Stage stage;
    private final NodeLives lives;

    LeaderPlots(Stage stage) {
        this.stage = stage;
        this.lives = stage.cluster().lives();
    }

    /// The leader is cut off while its disk stalls: what it has logged is flushed when its lease is over.
    void stallAlone(@Nullable ClusterNode leader) {
        if (leader == null || stage.cluster().voters().newest().size() < 2 || !stage.take()) {
            return;
        }
        var random = stage.random();
        var lease = stage.electionMinNanos();
        stage.disks().stall(leader, lease + 100 * MILLI + random.nextLong(lease / 2));
        stage.isolate(leader);
        stage.after(2 * lease + random.nextLong(2 * lease), stage::leave);
    }

    /// Of five voters one is ahead of the others, loses that, and joins again before the others have what it was
    /// counted for. What memory holds counts all the while: four are intact.
    void comeBackWithLess(@Nullable ClusterNode leader) {
        if (leader == null || stage.cluster().voters().newest().size() < FIVE) {
            return;
        }
        var others = stage.followers(leader);
        if (others.size() < FIVE - 1 || !stage.mayBreak(others.getFirst()) || !stage.take()) {
            return;
        }
        if (stage.random().nextBoolean()) {
            rot(leader, others.getFirst(), others.subList(1, others.size()));
        } else {
            forget(leader, others.getFirst(), others.subList(1, others.size()));
        }
    }

    /// Of five voters one is ahead of the others, forgets that, and joins again. What it had acknowledged before was on
    /// its way all the while, and arrives when it has a session and not yet what it acknowledged.
    void hearOldAcknowledgements(@Nullable ClusterNode leader) {
        if (leader == null || stage.cluster().voters().newest().size() < FIVE) {
            return;
        }
        var others = stage.followers(leader);
        if (others.size() < FIVE - 1 || !stage.mayBreak(others.getFirst()) || !stage.take()) {
            return;
        }
        var ahead = others.getFirst();
        var far = Math.min(400 * MILLI, stage.electionMinNanos() * 2 / 5);
        others.subList(1, others.size()).forEach(other -> delay(leader, other, far));
        var late = LinkQuality.late(far / 4, 2 * far + 200 * MILLI);
        stage.cluster().network().quality(ahead.id(), leader.id(), late);
        stage.disks().stall(ahead, far);
        stage.after(far / 2 + stage.random().nextLong(far / 4), () -> {
            stage.disks().stall(ahead, 0);
            if (ahead.isUp() && stage.mayBreak(ahead)) {
                lives.crash(ahead, "SIGKILL with acknowledgements on their way");
                delay(leader, ahead, far);
                stage.startWithin(ahead, MILLI);
            }
            stage.after(4 * far + stage.random().nextLong(stage.electionMaxNanos()), stage::leave);
        });
    }

    /// The leader's lease goes on, since its followers answer, while nothing that they say counts.
    void stallFollowers(@Nullable ClusterNode leader) {
        if (leader == null || stage.cluster().voters().newest().size() < 2 || !stage.take()) {
            return;
        }
        var stall = stage.electionMinNanos() * (2 + stage.random().nextInt(3));
        stage.followers(leader).forEach(follower -> stage.disks().stall(follower, stall));
        stage.after(stall + stage.random().nextLong(stage.electionMinNanos()), stage::leave);
    }

    /// Its volume loses what was flushed, and its disk is slow to flush what it is sent then.
    private void rot(ClusterNode leader, ClusterNode ahead, List<ClusterNode> others) {
        var far = Math.min(400 * MILLI, stage.electionMinNanos() * 2 / 5);
        others.forEach(other -> delay(leader, other, far));
        stage.after(far + stage.random().nextLong(100 * MILLI), () -> {
            if (ahead.isUp() && stage.mayBreak(ahead)) {
                stage.disks().spoil(ahead);
                stage.startWithin(ahead, 2 * MILLI);
            }
            Runnable stall = () -> stage.disks().stall(ahead, far);
            stage.await(() -> Stage.follows(ahead), MILLI / 4, 2_000, stall, () -> {});
            stage.after(2 * far + stage.random().nextLong(stage.electionMaxNanos()), stage::leave);
        });
    }

    /// It forgets what it has not flushed. Of the others, who get nothing meanwhile, one then gets all.
    private void forget(ClusterNode leader, ClusterNode ahead, List<ClusterNode> others) {
        var network = stage.cluster().network();
        others.forEach(other -> network.block(leader.id(), other.id()));
        stage.disks().stall(ahead, 200 * MILLI);
        stage.after(40 * MILLI, () -> {
            stage.disks().stall(ahead, 0);
            if (ahead.isUp() && stage.mayBreak(ahead)) {
                // Who loses power is connected again late.
                lives.crash(ahead, "SIGKILL with what it was counted for");
                delay(leader, ahead, 20 * MILLI);
                stage.startWithin(ahead, MILLI);
            }
            Runnable tell = () -> {
                network.unblock(leader.id(), others.getFirst().id());
                stage.after(100 * MILLI, stage::leave);
            };
            stage.await(() -> Stage.follows(ahead), MILLI, 500, tell, stage::leave);
        });
    }

    private void delay(ClusterNode from, ClusterNode to, long nanos) {
        stage.cluster().network().quality(from.id(), to.id(), new LinkQuality(nanos, MILLI, 1L << 30, 0, 0, 0, 0));
    }
}
