package io.taffrail.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.replication.protocol.Message;
import io.taffrail.streams.CommitMode;
import io.taffrail.streams.Durability;
import io.taffrail.streams.ReplicationMode;
import io.taffrail.wal.WalConfig;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ThreeReplicasTest {
    private static final Durability SYNC_QUORUM = Durability.SAFEST_DEFAULT;
    private static final Durability SYNC_ALL = new Durability(CommitMode.SYNC, ReplicationMode.ALL);
    private static final Durability ASYNC_QUORUM = new Durability(CommitMode.ASYNC, ReplicationMode.QUORUM);
    private static final Durability ASYNC_ASYNC = Durability.WEAKEST;
    private static final long SECOND = 1_000_000_000;

    @TempDir
    Path folder;

    TestWorld world;
    List<TestWorld.Node> nodes;

    @BeforeEach
    void start() {
        world = new TestWorld(folder);
        nodes = world.startCluster(3);
    }

    @AfterEach
    void stop() {
        for (var node : nodes) {
            assertEquals(null, node.failure, "a replica halted");
        }
        world.close();
    }

    private List<TestWorld.Node> followers() {
        var leader = world.leader();
        return nodes.stream().filter(node -> node != leader).toList();
    }

    private void allAlike() {
        world.until("all hold the same", () -> {
            var leader = world.openLeader();
            if (leader == null) {
                return false;
            }
            var end = leader.up().watermarks().leaderReceived();
            return nodes.stream()
                    .allMatch(node -> node.replica != null
                            && node.up().status().integrity() == ReplicaStatus.Integrity.INTACT
                            && node.up().watermarks().leaderFlushed() == end
                            && node.up().watermarks().quorumFlushed() == end);
        });
        var logs = nodes.stream().map(ThreeReplicasTest::bytes).toList();
        assertEquals(logs.get(0), logs.get(1));
        assertEquals(logs.get(0), logs.get(2));
    }

    private static ByteBuffer bytes(TestWorld.Node node) {
        var bytes = ByteBuffer.allocate(8 << 20);
        var end = node.up().watermarks().leaderReceived();
        try (var reader = node.up().newReader()) {
            var lsn = 0L;
            while (lsn < end) {
                var chunk = ByteBuffer.allocate(WalConfig.MAX_ENTRY_BYTES);
                lsn += reader.read(lsn, end, chunk);
                bytes.put(chunk.flip());
            }
        }
        return bytes.flip();
    }

    @Test
    void electOneLeaderAndReplicateAtEveryLevel() {
        var leader = world.leader();
        assertTrue(world.nanos() < 5 * SECOND);
        leader.createStream("s");
        for (var commit : CommitMode.values()) {
            for (var replication : ReplicationMode.values()) {
                var durability = new Durability(commit, replication);
                var acknowledged = leader.acknowledged("s", durability.toString(), durability);
                assertTrue(acknowledged.reached().covers(durability), acknowledged::toString);
            }
        }
        allAlike();
        for (var node : nodes) {
            assertEquals(6, node.nextOffset("s"));
            assertEquals(
                    leader.id,
                    Objects.requireNonNull(node.up().status().leader()).nodeId());
        }
    }

    @Test
    void allWaitsForEveryReplicaInSync() {
        var leader = world.leader();
        leader.createStream("s");
        world.run(SECOND);
        var acknowledged = leader.acknowledged("s", "everywhere", SYNC_ALL);
        assertEquals(3, acknowledged.copiesFlushed());
        assertEquals(SYNC_ALL, acknowledged.reached());
    }

    @Test
    void aFollowerSaysInOneMessageWhatItHasAndHasFlushedIfTheDiskAnswersAtOnce() {
        var leader = world.leader();
        leader.createStream("s");
        world.run(SECOND);
        followers().forEach(follower -> follower.sent.clear());
        var end = leader.acknowledged("s", "a record", SYNC_ALL).lsnEnd();
        for (var follower : followers()) {
            var ofIt = follower.sent.stream()
                    .filter(message -> message instanceof Message.Acknowledge said && said.appendedLsn() == end)
                    .map(Message.Acknowledge.class::cast)
                    .toList();
            assertEquals(1, ofIt.size(), ofIt::toString);
            assertEquals(end, ofIt.getFirst().flushedLsn());
        }
    }

    @Test
    void anotherLeadsWhenTheLeaderDiesAndNothingThatAMajorityFlushedIsLost() {
        var old = world.leader();
        old.createStream("s");
        for (var i = 0; i < 20; i++) {
            old.acknowledged("s", "record " + i, SYNC_QUORUM);
        }
        var died = world.nanos();
        old.crash();
        var next = world.leader();
        assertNotEquals(old.id, next.id);
        assertTrue(world.nanos() - died < 3 * SECOND, "failover took " + (world.nanos() - died));
        assertEquals(20, next.nextOffset("s"));
        next.acknowledged("s", "after", SYNC_QUORUM);
        old.start();
        allAlike();
        assertEquals(21, old.nextOffset("s"));
    }

    @Test
    void aLeaderThatIsCutOffStopsAcknowledgingAndItsRecordsGive() {
        var old = world.leader();
        old.createStream("s");
        old.acknowledged("s", "kept", SYNC_QUORUM);
        world.run(SECOND);
        world.isolate(old.id);
        old.acknowledged("s", "acknowledged by the leader alone", ASYNC_ASYNC);
        var lost = old.append("s", "never counted", SYNC_QUORUM);
        assertInstanceOf(AppendOutcome.Indeterminate.class, old.await(lost));
        world.until(
                "another leads",
                () -> nodes.stream()
                        .anyMatch(node -> node != old && node.up().status().state() == ReplicaStatus.State.LEADER));
        var next = nodes.stream()
                .filter(node -> node != old && node.up().status().state() == ReplicaStatus.State.LEADER)
                .findFirst()
                .orElseThrow();
        next.acknowledged("s", "of the next reign", SYNC_QUORUM);
        world.heal();
        allAlike();
        assertEquals(2, old.nextOffset("s"), "the cut-off leader's own records are gone everywhere");
        assertInstanceOf(AppendOutcome.Refused.class, old.await(old.append("s", "not here", SYNC_QUORUM)));
    }

    @Test
    void aMinorityLeadsNobody() {
        var leader = world.leader();
        leader.createStream("s");
        for (var follower : followers()) {
            follower.crash();
        }
        assertInstanceOf(AppendOutcome.Indeterminate.class, leader.await(leader.append("s", "alone", SYNC_QUORUM)));
        world.run(20 * SECOND);
        assertEquals(null, world.openLeader());
    }

    @Test
    void bytesThatOnlyMemoryHeldSurviveTheLeadersDeath() {
        var old = world.leader();
        old.createStream("s");
        world.run(SECOND);
        for (var i = 0; i < 20; i++) {
            old.acknowledged("s", "from memory " + i, ASYNC_QUORUM);
        }
        old.crash();
        var next = world.leader();
        assertTrue(next.nextOffset("s") >= 20);
        old.start();
        assertEquals(ReplicaStatus.Integrity.AMNESIC, old.up().status().integrity());
        allAlike();
    }

    @Test
    void twoAmnesicVotersWaitForTheThirdThatMayHoldMore() {
        var leader = world.leader();
        leader.createStream("s");
        world.run(SECOND);
        for (var i = 0; i < 10; i++) {
            leader.acknowledged("s", "from memory " + i, ASYNC_QUORUM);
        }
        var followers = followers();
        var stays = followers.getFirst();
        var other = followers.getLast();
        stays.crash();
        leader.crash();
        other.crash();
        leader.start();
        other.start();
        world.run(5 * SECOND);
        assertEquals(null, world.openLeader(), "two amnesic voters do not know what the third holds");
        stays.start();
        world.leader();
        allAlike();
    }

    @Test
    void afterTheAmnesiaWaitTwoAmnesicVotersGoOnWithDeclaredLoss() {
        var leader = world.leader();
        leader.createStream("s");
        leader.acknowledged("s", "flushed", SYNC_QUORUM);
        world.run(SECOND);
        leader.acknowledged("s", "from memory", ASYNC_QUORUM);
        var other = followers().getFirst();
        var gone = followers().getLast();
        for (var node : nodes) {
            node.crash();
        }
        leader.start();
        other.start();
        var next = world.leader();
        assertTrue(next.nextOffset("s") >= 1, "what was flushed on a majority is there");
        var declared = next.up().status().elections().getLast();
        assertTrue(declared.possibleLoss(), declared::toString);
        assertEquals(3, declared.tier());
        next.acknowledged("s", "goes on", SYNC_QUORUM);
        gone.start();
        allAlike();
        for (var node : nodes) {
            assertEquals(declared, node.up().status().elections().getLast());
        }
    }

    @Test
    void leadershipIsHandedOverWithoutAFailedAppend() {
        var old = world.leader();
        old.createStream("s");
        world.run(SECOND);
        var target = followers().getFirst();
        var outcome = new CommandOutcome[1];
        var appends = new ArrayList<TestWorld.Appended>();
        for (var i = 0; i < 100; i++) {
            appends.add(old.append("s", "record " + i, SYNC_QUORUM));
        }
        var asked = world.nanos();
        old.up().transferLeadership(target.id, result -> outcome[0] = result);
        world.until("the transfer is answered", () -> outcome[0] != null);
        assertInstanceOf(CommandOutcome.Done.class, outcome[0]);
        assertTrue(world.nanos() - asked < SECOND / 2, "took " + (world.nanos() - asked));
        world.until("appends end", () -> appends.stream().allMatch(append -> append.outcome != null));
        for (var append : appends) {
            assertInstanceOf(AppendOutcome.Acknowledged.class, append.outcome);
        }
        assertEquals(target, world.leader());
        allAlike();
    }

    @Test
    void aLeaderThatShutsDownHandsOverFirstAndComesBackIntact() {
        var old = world.leader();
        old.createStream("s");
        world.run(SECOND);
        old.acknowledged("s", "from memory", ASYNC_QUORUM);
        var asked = world.nanos();
        old.shutdown();
        assertTrue(world.nanos() - asked < SECOND, "took " + (world.nanos() - asked));
        var next = world.leader();
        assertEquals(1, next.nextOffset("s"));
        old.start();
        assertEquals(ReplicaStatus.Integrity.INTACT, old.up().status().integrity());
        allAlike();
    }

    @Test
    void aFollowerThatMissedMuchCatchesUp() {
        var leader = world.leader();
        leader.createStream("s");
        var follower = followers().getFirst();
        follower.crash();
        for (var i = 0; i < 20_000; i++) {
            if (!leader.up()
                    .append(TestWorld.command("s", "b".repeat(90), SYNC_QUORUM, new TestWorld.Appended(), false))) {
                world.run(5_000_000);
            }
        }
        leader.acknowledged("s", "last", SYNC_QUORUM);
        follower.start();
        allAlike();
    }

    @Test
    void aFollowerCatchesUpFromFilesWhileAppendsGoOn() {
        var leader = world.leader();
        leader.createStream("s");
        var follower = followers().getFirst();
        follower.crash();
        // More than memory holds.
        var text = "b".repeat(60_000);
        for (var i = 0; i < 500; i++) {
            leader.acknowledged("s", text, SYNC_QUORUM);
        }
        follower.start();
        var millisecond = SECOND / 1_000;
        var lastAppend = new long[] {world.nanos()};
        world.until("it is in sync though 60 MB are appended a second", () -> {
            if (world.nanos() - lastAppend[0] >= millisecond) {
                lastAppend[0] = world.nanos();
                leader.append("s", text, SYNC_QUORUM);
            }
            return leader.up().status().followers().stream()
                    .anyMatch(seen -> seen.nodeId() == follower.id && seen.inSync());
        });
        world.until("it has all of it", () -> follower.nextOffset("s") == leader.nextOffset("s"));
    }

    @Test
    void everyReplicaComesBackAfterAllWentDown() {
        var leader = world.leader();
        leader.createStream("s");
        for (var i = 0; i < 10; i++) {
            leader.acknowledged("s", "record " + i, SYNC_QUORUM);
        }
        for (var round = 0; round < 3; round++) {
            for (var node : nodes) {
                node.crash();
            }
            for (var node : nodes) {
                node.start();
            }
            var next = world.leader();
            assertEquals(10 + round, next.nextOffset("s"));
            next.acknowledged("s", "round " + round, SYNC_QUORUM);
        }
        allAlike();
    }

    @Test
    void aFollowerThatComesAndGoesDoesNotDisturbTheLeader() {
        var leader = world.leader();
        leader.createStream("s");
        var epoch = leader.up().status().epoch();
        var follower = followers().getFirst();
        for (var i = 0; i < 5; i++) {
            world.isolate(follower.id);
            world.run(6 * SECOND);
            world.heal();
            world.run(2 * SECOND);
        }
        assertEquals(leader, world.leader());
        assertEquals(epoch, leader.up().status().epoch());
        allAlike();
    }

    private static CommandOutcome[] readIndex(TestWorld.Node node) {
        var outcome = new CommandOutcome[1];
        node.up().readIndex(result -> outcome[0] = result);
        return outcome;
    }

    @Test
    void aReadThatAsksTheLeaderKnowsOfEveryAcknowledgement() {
        var leader = world.leader();
        leader.createStream("s");
        for (var i = 0; i < 20; i++) {
            var acknowledged = leader.acknowledged("s", "x" + i, SYNC_QUORUM);
            var outcome = readIndex(leader);
            world.until("it is answered", () -> outcome[0] != null);
            var done = assertInstanceOf(CommandOutcome.Done.class, outcome[0]);
            assertTrue(done.lsn() >= acknowledged.lsnEnd(), done + " " + acknowledged);
        }
        var refused = readIndex(followers().getFirst());
        world.until("it is answered", () -> refused[0] != null);
        assertInstanceOf(CommandOutcome.Refused.class, refused[0]);
    }

    @Test
    void aLeaderThatIsCutOffAnswersNoReadThatHasToBeSure() {
        var leader = world.leader();
        leader.createStream("s");
        world.isolate(leader.id);
        var outcome = readIndex(leader);
        world.until(
                "another leads",
                () -> nodes.stream()
                        .anyMatch(node -> node != leader && node.up().status().state() == ReplicaStatus.State.LEADER));
        world.until("it is answered", () -> outcome[0] != null);
        assertInstanceOf(CommandOutcome.Refused.class, outcome[0]);
        world.heal();
    }

    @Test
    void aPositionThatAnElectionDiscardedIsKnownFromOneThatIsNotHereYet() {
        var leader = world.leader();
        leader.createStream("s");
        leader.acknowledged("s", "kept", SYNC_ALL);
        var epoch = leader.up().status().epoch();
        world.isolate(leader.id);
        // Only the leader holds it, and it gives when another leads.
        var discarded = leader.up().watermarks().leaderReceived();
        leader.append("s", "discarded", ASYNC_ASYNC);
        world.until("it is in the log", () -> leader.up().watermarks().leaderReceived() > discarded);
        var end = leader.up().watermarks().leaderReceived();
        assertEquals(new EpochMap.Relation.Holds(), leader.up().epochs().relation(epoch, discarded, end));
        world.until(
                "another leads",
                () -> nodes.stream()
                        .anyMatch(node -> node != leader && node.up().status().state() == ReplicaStatus.State.LEADER));
        var next = nodes.stream()
                .filter(node -> node != leader && node.up().status().state() == ReplicaStatus.State.LEADER)
                .findFirst()
                .orElseThrow();
        next.acknowledged("s", "instead", SYNC_QUORUM);
        var diverged =
                new EpochMap.Relation.Diverged(discarded, next.up().status().epoch());
        assertEquals(diverged, relation(next, epoch, discarded));
        assertEquals(new EpochMap.Relation.Behind(), relation(next, diverged.epoch(), 1L << 40));
        world.heal();
        world.until(
                "the old leader has cut it",
                () -> relation(leader, epoch, discarded).equals(diverged));
        assertEquals(2, leader.nextOffset("s"));
    }

    private static EpochMap.Relation relation(TestWorld.Node node, long epoch, long lsn) {
        return node.up().epochs().relation(epoch, lsn, node.up().watermarks().leaderReceived());
    }

    @Test
    void morePendingBytesAreMoreUnsentOnesAtOnce() {
        var leader = world.leader();
        leader.createStream("s");
        world.unsentBytes = 2 << 20;
        var waiting = leader.append("s", "x", SYNC_QUORUM);
        world.run(SECOND / 10);
        assertEquals(null, waiting.outcome, "an eighth of the pending bytes may be unsent");
        var before = world.settings;
        leader.up()
                .applySettings(
                        new ReplicaSettings(
                                before.generation() + 1,
                                before.streams(),
                                before.writerDelayNanos(),
                                before.groupCommitDelayNanos(),
                                before.groupCommitSiblings(),
                                32 << 20,
                                before.replicationLagBytes(),
                                before.replicationLagNanos(),
                                before.rejectWhenFull()),
                        outcome -> assertInstanceOf(CommandOutcome.Done.class, outcome));
        assertInstanceOf(AppendOutcome.Acknowledged.class, leader.await(waiting));
    }
}
