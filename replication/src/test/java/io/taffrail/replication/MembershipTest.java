package io.taffrail.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.streams.Durability;
import io.taffrail.streams.Refusal;
import io.taffrail.streams.StreamCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MembershipTest {
    private static final Durability SYNC = Durability.SAFEST_DEFAULT;
    private static final long SECOND = 1_000_000_000;

    @TempDir
    Path folder;

    TestWorld world;

    @BeforeEach
    void start() {
        world = new TestWorld(folder);
    }

    @AfterEach
    void stop() {
        world.close();
    }

    private CommandOutcome change(VoterChange change) {
        var leader = world.leader();
        var outcome = new CommandOutcome[1];
        leader.up().changeVoters(leader.up().status().configId(), change, result -> outcome[0] = result);
        world.until("the change is answered", () -> outcome[0] != null);
        return outcome[0];
    }

    private void done(VoterChange change) {
        assertInstanceOf(CommandOutcome.Done.class, change(change));
    }

    private void grow(TestWorld.Node node) {
        if (node.replica == null) {
            node.start();
        }
        done(new VoterChange.AddLearner(node.peer()));
        world.until(
                "the learner has caught up",
                () -> world.leader().up().status().followers().stream()
                        .anyMatch(follower -> follower.nodeId() == node.id
                                && follower.inSync()
                                && follower.integrity() == ReplicaStatus.Integrity.INTACT));
        done(new VoterChange.PromoteLearner(node.id));
    }

    @Test
    void oneVoterGrowsToThreeAndAnyTwoOfThemGoOn() {
        var first = world.startCluster(1).getFirst();
        world.leader();
        first.createStream("s");
        for (var i = 0; i < 10; i++) {
            first.acknowledged("s", "record " + i, SYNC);
        }
        grow(world.node(1));
        grow(world.node(2));
        assertEquals(3, world.leader().up().status().voters().size());
        first.acknowledged("s", "by three", SYNC);
        first.crash();
        var next = world.leader();
        assertEquals(11, next.nextOffset("s"));
        next.acknowledged("s", "by two", SYNC);
        first.start();
        world.until("it follows", () -> first.nextOffset("s") == 12);
        assertEquals(3, first.up().status().voters().size());
    }

    @Test
    void aLearnerIsNotCountedAndNeverLeads() {
        var first = world.startCluster(1).getFirst();
        world.leader();
        first.createStream("s");
        var learner = world.node(1);
        learner.start();
        done(new VoterChange.AddLearner(learner.peer()));
        world.until("it learns", () -> learner.nextOffset("s") == 0);
        assertEquals(ReplicaStatus.State.LEARNER, learner.up().status().state());
        world.isolate(1);
        assertEquals(1, first.acknowledged("s", "without it", SYNC).copiesFlushed());
        world.heal();
        first.crash();
        world.run(10 * SECOND);
        assertEquals(ReplicaStatus.State.LEARNER, learner.up().status().state());
    }

    @Test
    void aLearnerThatIsBehindMayBePromotedLater() {
        world.startCluster(1);
        var learner = world.node(1);
        learner.start();
        var peer = learner.peer();
        learner.crash();
        done(new VoterChange.AddLearner(peer));
        var refused = assertInstanceOf(CommandOutcome.Refused.class, change(new VoterChange.PromoteLearner(1)));
        assertEquals(Refusal.Code.NOT_NOW, refused.refusal().code(), refused.toString());
    }

    @Test
    void aRemovedVoterIsNotNeededAndDisturbsNobody() {
        var nodes = world.startCluster(3);
        var leader = world.leader();
        leader.createStream("s");
        var removed = nodes.stream().filter(node -> node != leader).findFirst().orElseThrow();
        var kept = nodes.stream()
                .filter(node -> node != leader && node != removed)
                .findFirst()
                .orElseThrow();
        done(new VoterChange.RemoveVoter(removed.id));
        assertEquals(2, leader.up().status().voters().size());
        var epoch = leader.up().status().epoch();
        world.run(10 * SECOND);
        assertEquals(epoch, world.leader().up().status().epoch(), "it is not asked any more and must not campaign");
        removed.crash();
        leader.acknowledged("s", "two of two", SYNC);
        world.until("the other holds it", () -> kept.nextOffset("s") == 1);
    }

    @Test
    void aLeaderDoesNotRemoveItself() {
        var nodes = world.startCluster(3);
        var leader = world.leader();
        assertInstanceOf(CommandOutcome.Refused.class, change(new VoterChange.RemoveVoter(leader.id)));
        assertEquals(3, nodes.size());
    }

    @Test
    void aChangeThatSawAnotherConfigurationIsRefused() {
        world.startCluster(1);
        var leader = world.leader();
        var outcome = new CommandOutcome[1];
        leader.up().changeVoters(99, new VoterChange.RemoveLearner(5), result -> outcome[0] = result);
        world.until("the change is answered", () -> outcome[0] != null);
        assertInstanceOf(CommandOutcome.Refused.class, outcome[0]);
    }

    @Test
    void aVoterWithAnEmptyVolumeIsAnotherReplica() throws IOException {
        var nodes = world.startCluster(3);
        var leader = world.leader();
        leader.createStream("s");
        leader.acknowledged("s", "kept", SYNC);
        var replaced = nodes.stream().filter(node -> node != leader).findFirst().orElseThrow();
        replaced.crash();
        try (var files = Files.walk(replaced.path())) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
        replaced.start();
        world.run(10 * SECOND);
        assertEquals(
                ReplicaStatus.State.UNINITIALIZED,
                replaced.up().status().state(),
                "it has forgotten its promises, so nobody may take it for the old one");
        done(new VoterChange.RemoveVoter(replaced.id));
        grow(replaced);
        leader.acknowledged("s", "by three again", SYNC);
        world.until("it holds all", () -> replaced.nextOffset("s") == 2);
    }

    @Test
    void oneThatJoinsAfterTheLogWasTrimmedBeginsWithTheStreamsFiles() {
        world.segmentBytes = 4 << 20;
        var first = world.startCluster(1).getFirst();
        world.leader();
        first.createStream("s");
        for (var i = 0; i < 140; i++) {
            first.acknowledged("s", "x".repeat(1 << 20), SYNC);
        }
        assertInstanceOf(CommandOutcome.Done.class, first.execute(new StreamCommand.TrimStream("s", 135)));
        for (var i = 0; i < 70; i++) {
            first.acknowledged("s", "y".repeat(1 << 20), SYNC);
        }
        world.until("the log is trimmed", () -> first.up().status().startLsn() > 0);

        var joins = world.node(1);
        joins.start();
        done(new VoterChange.AddLearner(joins.peer()));
        // Wherever its process dies on the way, it begins again.
        for (var i = 0; i < 12 && joins.nextOffset("s") < 0; i++) {
            world.until("it is being filled up", () -> isBeingFilledUp(joins));
            world.run(100_000L * i);
            joins.crash();
            joins.start();
        }
        grow(joins);
        assertEquals(first.nextOffset("s"), joins.nextOffset("s"));
        assertEquals(135, Objects.requireNonNull(joins.streams().stream("s")).startOffset());
        assertTrue(joins.up().status().startLsn() > 0);
        first.acknowledged("s", "by both", SYNC);

        joins.crash();
        joins.start();
        world.until("it follows again", () -> joins.nextOffset("s") == first.nextOffset("s"));
        first.crash();
        first.start();
        world.leader().acknowledged("s", "by both again", SYNC);
    }

    private static boolean isBeingFilledUp(TestWorld.Node node) {
        var status = node.up().status();
        return status.detail().startsWith("copies the beginning of its log")
                || status.integrity() == ReplicaStatus.Integrity.SUSPECT
                || node.nextOffset("s") >= 0;
    }

    @Test
    void onlyOneOfTheVotersNeedsToBeBootstrapped() {
        var nodes = List.of(world.node(0), world.node(1), world.node(2));
        nodes.forEach(TestWorld.Node::start);
        var peers = nodes.stream().map(TestWorld.Node::peer).toList();
        nodes.getFirst().up().bootstrap(TestWorld.CLUSTER, peers, _ -> {});
        var leader = world.leader();
        world.until(
                "all belong to it",
                () -> nodes.stream()
                        .allMatch(node ->
                                TestWorld.CLUSTER.equals(node.up().status().clusterId())));
        leader.createStream("s");
        assertTrue(leader.acknowledged("s", "x", SYNC).copiesFlushed() >= 2);
    }
}
