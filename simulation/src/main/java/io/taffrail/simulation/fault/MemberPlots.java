package io.taffrail.simulation.fault;

import static io.taffrail.simulation.fault.Stage.MILLI;

import io.taffrail.replication.ReplicaStatus;
import io.taffrail.simulation.ClusterNode;
import io.taffrail.simulation.NodeLives;
import io.taffrail.simulation.workload.Administrator;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Replicas that join or return while others do not hear of it.
final class MemberPlots {
    private static final long LOOK_NANOS = 5 * MILLI;
    private static final int LOOKS = 800;
    /// Of a copy that is on its way.
    private static final String COPY = ".seed";

    private final Stage stage;
    private final NodeLives lives;
    private final Administrator administrator;

    MemberPlots(Stage stage, Administrator administrator) {
        this.stage = stage;
        this.lives = stage.cluster().lives();
        this.administrator = administrator;
    }

    private @Nullable ClusterNode spare(ReplicaStatus status) {
        for (var node : stage.cluster().nodes()) {
            var isMember = status.voters().stream().anyMatch(voter -> voter.nodeId() == node.id())
                    || status.learners().stream().anyMatch(learner -> learner.nodeId() == node.id());
            if (!isMember && node.isUp()) {
                return node;
            }
        }
        return null;
    }

    private void want(ReplicaStatus status, ClusterNode joining) {
        var wanted = new TreeSet<Integer>();
        status.voters().forEach(voter -> wanted.add(voter.nodeId()));
        wanted.add(joining.id());
        administrator.want(wanted);
    }

    /// All members that there can be: fewer, so that one may join again.
    private void makeRoom() {
        var initial = new TreeSet<Integer>();
        for (var id = 0; id < stage.cluster().options().nodes(); id++) {
            initial.add(id);
        }
        administrator.want(initial);
    }

    /// A learner has just been let in when the leader loses all but its witnesses, and soon those as well: the learner
    /// is up, has promised nothing, and lacks what was counted last.
    void cornerWithLearner(@Nullable ClusterNode leader) {
        var status = leader == null ? null : Stage.status(leader);
        if (leader == null || status == null || stage.cast(leader) == null) {
            return;
        }
        var joining = spare(status);
        if (joining == null) {
            makeRoom();
            return;
        }
        if (!stage.take()) {
            return;
        }
        want(status, joining);
        stage.await(() -> isLearnerOfAll(leader, joining), MILLI, 2_000, () -> corner(leader), stage::leave);
    }

    private boolean isLearnerOfAll(ClusterNode leader, ClusterNode joining) {
        var own = Stage.status(joining);
        var status = Stage.status(leader);
        return own != null
                && own.state() == ReplicaStatus.State.LEARNER
                && status != null
                && stage.cluster().nodes().stream().allMatch(node -> {
                    var known = Stage.status(node);
                    return known == null
                            || !stage.cluster().voters().isVoter(node)
                            || (known.configId() == status.configId()
                                    && known.learners().stream().anyMatch(each -> each.nodeId() == joining.id()));
                });
    }

    private void corner(ClusterNode leader) {
        var cast = stage.cast(leader);
        if (cast == null) {
            stage.leave();
            return;
        }
        var election = stage.electionMaxNanos();
        stage.leaveWitnessesOnly(cast);
        stage.after(20 * MILLI + stage.random().nextLong(election / 2), () -> {
            // Their answers to a candidate come late.
            cast.witnesses().forEach(node -> stage.disks().stall(node, 2 * election));
            stage.isolate(leader);
            stage.after(4 * election + stage.random().nextLong(election), stage::leave);
        });
    }

    /// A voter is away while another joins and is handed leadership: it comes back to a leader of whom it never heard.
    void changeUnseen(@Nullable ClusterNode leader) {
        var status = leader == null ? null : Stage.status(leader);
        if (leader == null || status == null) {
            return;
        }
        var joining = spare(status);
        if (joining == null) {
            makeRoom();
            return;
        }
        var others = stage.followers(leader);
        if (others.isEmpty() || !stage.mayBreak(others.getFirst()) || !stage.take()) {
            return;
        }
        var away = others.getFirst();
        var cluster = stage.cluster();
        lives.crash(away, "SIGKILL, and away for a while");
        Runnable back = () -> {
            stage.leave();
            lives.start(away);
        };
        want(status, joining);
        stage.await(
                () -> cluster.voters().newest().containsKey(joining.id()),
                LOOK_NANOS,
                LOOKS,
                () -> {
                    handOver(joining);
                    stage.await(() -> cluster.leader() == joining, LOOK_NANOS, LOOKS, back, back);
                },
                back);
    }

    private void handOver(ClusterNode joining) {
        var leader = stage.cluster().leader();
        var replica = leader == null ? null : leader.replica();
        if (replica != null) {
            replica.transferLeadership(
                    joining.id(),
                    outcome -> stage.cluster()
                            .coverage()
                            .count("transfer " + outcome.getClass().getSimpleName()));
        }
    }

    /// A voter gets an empty volume, which it is to fill from its leader, and dies again and again while it does.
    void crashWhileFilled(@Nullable ClusterNode leader) {
        if (leader == null) {
            return;
        }
        var others = stage.followers(leader);
        if (others.isEmpty() || !stage.take()) {
            return;
        }
        var node = others.getFirst();
        if (!stage.disks().empty(node)) {
            stage.leave();
            return;
        }
        stage.startWithin(node, 20 * MILLI);
        dieWhileCopying(node, 3);
    }

    private void dieWhileCopying(ClusterNode node, int times) {
        stage.await(
                () -> node.isUp() && node.disk().files().keySet().stream().anyMatch(file -> file.endsWith(COPY)),
                MILLI,
                6_000,
                () -> {
                    lives.crashAtEffect(node, 1 + stage.random().nextInt(100));
                    if (times > 1) {
                        stage.await(
                                () -> !node.isUp(), MILLI, 200, () -> dieWhileCopying(node, times - 1), stage::leave);
                    } else {
                        stage.leave();
                    }
                },
                stage::leave);
    }

    /// A majority of the voters goes away, perhaps when those that stay lack what it has counted. A person orders that
    /// one of these goes on. Then some of the lost come back as they were: no majority of the former voters.
    void loseMajority(@Nullable ClusterNode leader) {
        if (leader == null || !stage.cluster().voters().newest().containsKey(leader.id())) {
            return;
        }
        var all = stage.followers(leader);
        all.add(stage.random().nextInt(all.size() + 1), leader);
        var majority = all.size() / 2 + 1;
        if (all.size() < 3
                || all.size() != stage.cluster().voters().newest().size()
                || all.stream().anyMatch(ClusterNode::exchanged)
                || !stage.take()) {
            return;
        }
        var survivors = List.copyOf(all.subList(0, all.size() - majority));
        var lost = List.copyOf(all.subList(survivors.size(), all.size()));
        if (stage.random().nextBoolean()) {
            survivors.forEach(stage::isolate);
        }
        stage.after(MILLI + stage.random().nextLong(stage.electionMaxNanos() * 2), () -> {
            for (var node : lost) {
                lives.hold(node);
                if (stage.random().nextBoolean()) {
                    lives.losePower(node);
                } else {
                    lives.crash(node, "SIGKILL for good");
                }
            }
            survivors.forEach(stage::mend);
            administrator.recover(
                    survivors.getFirst(),
                    survivors.stream().map(ClusterNode::id).toList());
            Runnable back = () -> comeBack(lost, majority - survivors.size());
            stage.await(() -> stage.cluster().leader() != null, LOOK_NANOS, LOOKS, back, back);
        });
    }

    /// `old`: so many of them may have their volumes.
    private void comeBack(List<ClusterNode> lost, int old) {
        var cluster = stage.cluster();
        var withVolume = stage.random().nextInt(old + 1);
        for (var node : lost) {
            if (node.isGivenUp() && withVolume-- <= 0) {
                cluster.volumes().replace(node);
            }
            lives.release(node);
            stage.startWithin(node, stage.electionMaxNanos());
        }
        stage.leave();
    }
}
