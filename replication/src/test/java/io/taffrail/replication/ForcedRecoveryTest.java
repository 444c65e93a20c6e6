package io.taffrail.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.streams.Durability;
import io.taffrail.streams.Refusal;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A majority is lost for good, and a person decides to go on with what is left.
class ForcedRecoveryTest {
    private static final Durability SYNC = Durability.SAFEST_DEFAULT;
    private static final UUID REQUEST = new UUID(7, 7);
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

    private RecoveryPlan plan(TestWorld.Node node, Integer... survivors) {
        var plan = new RecoveryPlan[1];
        node.up().planRecovery(List.of(survivors), result -> plan[0] = result);
        world.until("a plan", () -> plan[0] != null);
        return plan[0];
    }

    private CommandOutcome force(
            TestWorld.Node node, UUID cluster, UUID request, long expectedLastLsn, Integer... survivors) {
        var outcome = new CommandOutcome[1];
        node.up()
                .forceRecovery(
                        new ForcedRecoveryRequest(cluster, request, List.of(survivors), expectedLastLsn),
                        result -> outcome[0] = result);
        world.until("an answer", () -> outcome[0] != null);
        return outcome[0];
    }

    private String refused(CommandOutcome outcome) {
        return assertInstanceOf(CommandOutcome.Refused.class, outcome).refusal().message();
    }

    private long lastLsn(TestWorld.Node node, Integer... survivors) {
        return assertInstanceOf(RecoveryPlan.Possible.class, plan(node, survivors))
                .lastLsn();
    }

    /// The first of `size` replicas is left, with ten records; it has noticed that nobody leads.
    private TestWorld.Node survivor(int size) {
        var nodes = world.startCluster(size);
        var leader = world.leader();
        leader.createStream("s");
        for (var i = 0; i < 10; i++) {
            leader.acknowledged("s", "record " + i, SYNC);
        }
        world.until("all hold them", () -> nodes.stream().allMatch(node -> node.nextOffset("s") == 10));
        for (var node : nodes.subList(1, size)) {
            node.crash();
        }
        var survivor = nodes.getFirst();
        world.until(
                "nobody leads",
                () -> survivor.up().status().leader() == null
                        && survivor.up().status().state() != ReplicaStatus.State.LEADER);
        return survivor;
    }

    @Test
    void oneOfThreeGoesOnInANewHistoryAndKeepsWhatItHolds() {
        var survivor = survivor(3);
        var plan = assertInstanceOf(RecoveryPlan.Possible.class, plan(survivor, 0));
        assertEquals(TestWorld.CLUSTER, plan.clusterId());
        assertTrue(plan.lines().stream().anyMatch(line -> line.startsWith("given up: replica 2")), plan.toString());
        assertTrue(plan.lines().stream().anyMatch(line -> line.startsWith("LOSS")), plan.toString());

        assertInstanceOf(CommandOutcome.Done.class, force(survivor, TestWorld.CLUSTER, REQUEST, plan.lastLsn(), 0));
        assertEquals(survivor, world.leader());
        assertEquals(10, survivor.nextOffset("s"));
        survivor.acknowledged("s", "after", SYNC);
        var status = survivor.up().status();
        assertNotEquals(plan.historyId(), status.historyId());
        assertEquals(List.of(plan.historyId()), status.formerHistories());
        assertEquals(1, status.voters().size());
        assertInstanceOf(
                CommandOutcome.Done.class,
                force(survivor, TestWorld.CLUSTER, REQUEST, plan.lastLsn(), 0),
                "the same request again changes nothing");
        assertEquals(status.epoch(), survivor.up().status().epoch());
    }

    @Test
    void nothingHappensForAnotherClusterOrAnotherEndThanThePlanSaid() {
        var survivor = survivor(3);
        var lastLsn = lastLsn(survivor, 0);
        var before = survivor.up().status();
        assertTrue(
                refused(force(survivor, new UUID(6, 6), REQUEST, lastLsn, 0)).contains("it has to name the cluster"));
        assertTrue(refused(force(survivor, TestWorld.CLUSTER, REQUEST, lastLsn - 1, 0))
                .contains("this log ends at " + lastLsn));
        assertTrue(refused(force(survivor, TestWorld.CLUSTER, REQUEST, lastLsn, 0, 7))
                .contains("names node 7"));
        assertTrue(refused(force(survivor, TestWorld.CLUSTER, REQUEST, lastLsn, 1, 2))
                .contains("node 0, must be one of them"));
        assertTrue(refused(force(survivor, TestWorld.CLUSTER, REQUEST, lastLsn, 0, 0))
                .contains("twice"));
        assertEquals(before.historyId(), survivor.up().status().historyId());
        assertEquals(before.configId(), survivor.up().status().configId());
    }

    @Test
    void nothingIsForcedWhileSomebodyLeads() {
        var nodes = world.startCluster(3);
        var leader = world.leader();
        var follower = nodes.stream().filter(node -> node != leader).findFirst().orElseThrow();
        world.until("it follows", () -> follower.up().status().leader() != null);
        for (var node : List.of(leader, follower)) {
            var refused = assertInstanceOf(RecoveryPlan.Refused.class, plan(node, node.id));
            assertTrue(refused.refusal().message().contains("node %s leads".formatted(leader.id)), refused.toString());
            assertEquals(Refusal.Code.INVALID_ARGUMENT, refused.refusal().code());
        }
    }

    @Test
    void itIsDurableWhereverTheProcessDies() {
        for (var steps = 0; steps < 12; steps++) {
            world.close();
            world = new TestWorld(folder.resolve("run-" + steps));
            var survivor = survivor(3);
            var lastLsn = lastLsn(survivor, 0);
            survivor.up()
                    .forceRecovery(new ForcedRecoveryRequest(TestWorld.CLUSTER, REQUEST, List.of(0), lastLsn), _ -> {});
            world.turns(steps);
            survivor.crash();
            survivor.start();
            if (survivor.up().status().formerHistories().isEmpty()) {
                world.run(3 * SECOND);
                assertInstanceOf(CommandOutcome.Done.class, force(survivor, TestWorld.CLUSTER, REQUEST, lastLsn, 0));
            }
            world.leader();
            survivor.acknowledged("s", "after", SYNC);
            assertEquals(11, survivor.nextOffset("s"));
            assertEquals(1, survivor.up().status().voters().size());
        }
    }

    @Test
    void theOtherSurvivorsTakeTheNewHistoryAndLeadItToo() {
        var survivor = survivor(5);
        var other = world.node(1);
        other.start();
        // It has more, and loses it: the person chose.
        var lastLsn = lastLsn(survivor, 0, 1);
        assertInstanceOf(CommandOutcome.Done.class, force(survivor, TestWorld.CLUSTER, REQUEST, lastLsn, 0, 1));
        assertEquals(survivor, world.leader());
        survivor.acknowledged("s", "by two", SYNC);
        world.until(
                "the other is intact",
                () -> other.up().status().integrity() == ReplicaStatus.Integrity.INTACT && other.nextOffset("s") == 11);
        assertEquals(survivor.up().status().historyId(), other.up().status().historyId());
        assertEquals(2, other.up().status().voters().size());

        survivor.crash();
        survivor.start();
        var next = world.leader();
        next.acknowledged("s", "by two again", SYNC);
        world.until("both hold it", () -> survivor.nextOffset("s") == 12 && other.nextOffset("s") == 12);
    }

    @Test
    void theSecondSurvivorMayComeWhenTheFirstHasGivenUpWaiting() {
        var survivor = survivor(5);
        assertInstanceOf(
                CommandOutcome.Done.class, force(survivor, TestWorld.CLUSTER, REQUEST, lastLsn(survivor, 0, 1), 0, 1));
        world.run(10 * SECOND);
        assertEquals(ReplicaStatus.State.CANDIDATE, survivor.up().status().state());
        var other = world.node(1);
        other.start();
        var leader = world.leader();
        assertEquals(survivor, leader, "only its log goes on");
        leader.acknowledged("s", "by two", SYNC);
        world.until(
                "the other counts",
                () -> other.up().status().integrity() == ReplicaStatus.Integrity.INTACT && other.nextOffset("s") == 11);
    }

    @Test
    void survivorsElectIfTheOneThatWasAskedDiesBeforeItLeads() {
        for (var steps = 1; steps <= 40; steps += 3) {
            world.close();
            world = new TestWorld(folder.resolve("two-" + steps));
            var survivor = survivor(5);
            var other = world.node(1);
            other.start();
            var lastLsn = lastLsn(survivor, 0, 1);
            survivor.up()
                    .forceRecovery(
                            new ForcedRecoveryRequest(TestWorld.CLUSTER, REQUEST, List.of(0, 1), lastLsn), _ -> {});
            world.turns(steps);
            survivor.crash();
            world.run(SECOND);
            survivor.start();
            if (survivor.up().status().formerHistories().isEmpty()) {
                world.run(3 * SECOND);
                assertInstanceOf(CommandOutcome.Done.class, force(survivor, TestWorld.CLUSTER, REQUEST, lastLsn, 0, 1));
            }
            world.leader().acknowledged("s", "after", SYNC);
            world.until("both hold it", () -> survivor.nextOffset("s") == 11 && other.nextOffset("s") == 11);
        }
    }

    @Test
    void theLostVotersAreOutWhenTheyComeBackAndInAgainWhenTheyAreAdded() {
        var survivor = survivor(3);
        assertInstanceOf(
                CommandOutcome.Done.class, force(survivor, TestWorld.CLUSTER, REQUEST, lastLsn(survivor, 0), 0));
        world.leader();
        survivor.acknowledged("s", "after", SYNC);
        // One of them alone has no majority of the old history, and hears of the new one.
        var back = world.node(1);
        back.start();
        world.until("it is out", () -> back.up().status().integrity() == ReplicaStatus.Integrity.EVICTED);
        assertTrue(back.up().status().detail().contains("forced recovery"));
        back.crash();
        back.start();
        assertEquals(ReplicaStatus.Integrity.EVICTED, back.up().status().integrity(), "also after a restart");
        var third = world.node(2);
        third.start();
        world.run(10 * SECOND);
        assertEquals(survivor, world.openLeader(), "the two old ones do not lead the old history");

        var outcome = new CommandOutcome[1];
        survivor.up()
                .changeVoters(
                        survivor.up().status().configId(),
                        new VoterChange.AddLearner(back.peer()),
                        result -> outcome[0] = result);
        world.until("it is added", () -> outcome[0] != null);
        assertInstanceOf(CommandOutcome.Done.class, outcome[0]);
        world.until(
                "it has the new history",
                () -> Objects.equals(
                                survivor.up().status().historyId(),
                                back.up().status().historyId())
                        && back.nextOffset("s") == 11
                        && back.up().status().integrity() == ReplicaStatus.Integrity.INTACT);
    }

    /// What a majority had flushed is cut where a person gave it up, and the checkpoints of the streams hold just that.
    /// With the log before them trimmed there is no state left to go on from.
    @Test
    void oneWhoseCheckpointsHoldOnlyWhatWasGivenUpBeginsAnew() {
        var cast = laggingSurvivorGoesOnAlone();
        var back = cast.leader();
        letInAgain(cast.survivor(), back, cast.leaderAsItWas());
        assertTrue(back.up().startLsn() > 0 && back.up().startLsn() <= cast.endLsn(), "it has where the two logs part");
        isFilled(back);
    }

    /// Followers keep nothing for one that is away.
    @Test
    void oneThatHasTrimmedWhereTheLogsPartBeginsAnew() {
        var cast = laggingSurvivorGoesOnAlone();
        var back = cast.follower();
        letInAgain(cast.survivor(), back, cast.followerAsItWas());
        assertTrue(back.up().startLsn() > cast.endLsn(), "its log begins above");
        isFilled(back);
    }

    /// @param endLsn of the survivor's log
    private record Cast(
            TestWorld.Node survivor,
            TestWorld.Node leader,
            Peer leaderAsItWas,
            TestWorld.Node follower,
            Peer followerAsItWas,
            long endLsn) {}

    /// The other two went on without it for so long that they have checkpoints of nothing else and have trimmed their
    /// logs.
    private Cast laggingSurvivorGoesOnAlone() {
        world.retain(50_000);
        var nodes = world.startCluster(3);
        var leader = world.leader();
        leader.createStream("s");
        append(leader, 60);
        world.run(60 * SECOND);
        append(leader, 30);
        world.until(
                "all hold them, and the log is trimmed",
                () -> nodes.stream()
                        .allMatch(
                                node -> node.nextOffset("s") == 90 && node.up().startLsn() > 0));
        var survivor = world.node((leader.id + 1) % 3);
        var other = world.node((leader.id + 2) % 3);
        var peers = List.of(leader.peer(), other.peer());
        world.isolate(survivor.id);
        // The leader keeps the log for the one that is away.
        for (var i = 0; i < 3; i++) {
            append(leader, 30);
            world.run(60 * SECOND);
        }
        leader.crash();
        other.crash();
        world.heal();
        world.until(
                "nobody leads",
                () -> survivor.up().status().leader() == null
                        && survivor.up().status().state() != ReplicaStatus.State.LEADER);
        var end = lastLsn(survivor, survivor.id);
        assertInstanceOf(CommandOutcome.Done.class, force(survivor, TestWorld.CLUSTER, REQUEST, end, survivor.id));
        world.leader();
        return new Cast(survivor, leader, peers.getFirst(), other, peers.getLast(), end);
    }

    private void letInAgain(TestWorld.Node survivor, TestWorld.Node back, Peer asItWas) {
        var outcome = new CommandOutcome[1];
        survivor.up()
                .changeVoters(
                        survivor.up().status().configId(),
                        new VoterChange.AddLearner(asItWas),
                        result -> outcome[0] = result);
        world.until("it is added", () -> outcome[0] != null);
        assertInstanceOf(CommandOutcome.Done.class, outcome[0]);
        back.start();
    }

    private void isFilled(TestWorld.Node back) {
        world.until(
                "it has the new history",
                () -> back.nextOffset("s") == 90 && back.up().status().integrity() == ReplicaStatus.Integrity.INTACT);
        assertNull(back.failure);
        assertTrue(back.up().startLsn() > 0, "by the streams' files");
    }

    private static void append(TestWorld.Node leader, int records) {
        for (var i = 0; i < records; i++) {
            leader.acknowledged("s", i + "x".repeat(6000), SYNC);
        }
    }
}
