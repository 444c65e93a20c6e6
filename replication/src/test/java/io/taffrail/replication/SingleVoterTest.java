package io.taffrail.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.streams.CommitMode;
import io.taffrail.streams.Durability;
import io.taffrail.streams.Refusal;
import io.taffrail.streams.ReplicationMode;
import io.taffrail.streams.StreamCommand;
import io.taffrail.streams.StreamConfig;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoRequest;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// One voter is the protocol with a majority of one: it promises to itself, begins an epoch, passes the barrier.
class SingleVoterTest {
    private static final Durability SYNC = Durability.SAFEST_DEFAULT;
    private static final Durability ASYNC = Durability.WEAKEST;

    @TempDir
    Path folder;

    TestWorld world;
    TestWorld.Node node;

    @BeforeEach
    void start() {
        world = new TestWorld(folder);
        node = world.startCluster(1).getFirst();
    }

    @AfterEach
    void stop() {
        world.close();
    }

    @Test
    void leadsAtOnceAndAcknowledgesAtEveryLevel() {
        world.leader();
        assertTrue(world.nanos() < 1_500_000_000, "nobody to wait for");
        node.createStream("s");
        for (var commit : CommitMode.values()) {
            for (var replication : ReplicationMode.values()) {
                var durability = new Durability(commit, replication);
                var acknowledged = node.acknowledged("s", durability.toString(), durability);
                assertTrue(acknowledged.reached().covers(durability), acknowledged::toString);
                assertEquals(1, acknowledged.copiesReceived());
                assertEquals(commit == CommitMode.SYNC ? 1 : 0, acknowledged.copiesFlushed());
            }
        }
        assertEquals(6, node.nextOffset("s"));
    }

    @Test
    void waitsUninitializedUntilItIsBootstrapped() {
        var empty = world.node(7);
        empty.start();
        world.run(5_000_000_000L);
        assertEquals(ReplicaStatus.State.UNINITIALIZED, empty.up().status().state());
    }

    @Test
    void bootstrapTwiceChangesNothingAndAnotherClusterIsRefused() {
        world.leader();
        var outcomes = new CommandOutcome[2];
        node.up().bootstrap(TestWorld.CLUSTER, List.of(node.peer()), result -> outcomes[0] = result);
        node.up().bootstrap(new UUID(2, 2), List.of(node.peer()), result -> outcomes[1] = result);
        world.until("both are answered", () -> outcomes[1] != null);
        assertInstanceOf(CommandOutcome.Done.class, outcomes[0]);
        assertInstanceOf(CommandOutcome.Refused.class, outcomes[1]);
    }

    @Test
    void bootstrapOfTheSameClusterWithOtherVotersIsRefused() {
        world.leader();
        var other = new Peer(node.peer().nodeId() + 1, new UUID(9, 9), "other:1", "other:2");
        var outcome = new CommandOutcome[1];
        node.up().bootstrap(TestWorld.CLUSTER, List.of(node.peer(), other), result -> outcome[0] = result);
        world.until("it is answered", () -> outcome[0] != null);
        assertInstanceOf(CommandOutcome.Refused.class, outcome[0]);
    }

    @Test
    void bootstrapThatNamesANodeTwiceIsRefusedAndTheNextOneIsDoneWhenItIsDurable() {
        var empty = world.node(7);
        empty.start();
        var outcomes = new CommandOutcome[2];
        var twice = List.of(empty.peer(), empty.peer());
        empty.up().bootstrap(TestWorld.CLUSTER, twice, result -> outcomes[0] = result);
        world.until("it is answered", () -> outcomes[0] != null);
        assertInstanceOf(CommandOutcome.Refused.class, outcomes[0]);
        assertEquals(ReplicaStatus.State.UNINITIALIZED, empty.up().status().state());
        empty.up().bootstrap(TestWorld.CLUSTER, List.of(empty.peer()), result -> outcomes[1] = result);
        world.until("it is answered", () -> outcomes[1] != null);
        assertInstanceOf(CommandOutcome.Done.class, outcomes[1]);
        empty.crash();
        empty.start();
        assertEquals(TestWorld.CLUSTER, empty.up().status().clusterId());
    }

    @Test
    void keepsWhatWasAcknowledgedAfterAFlushWhenItsProcessDies() {
        world.leader();
        node.createStream("s");
        for (var i = 0; i < 50; i++) {
            node.acknowledged("s", "record " + i, SYNC);
        }
        var epoch = node.up().status().epoch();
        node.crash();
        node.start();
        world.leader();
        assertEquals(50, node.nextOffset("s"));
        assertTrue(node.up().status().epoch() > epoch, "a restarted leader never goes on in its epoch");
        assertEquals(50, node.acknowledged("s", "next", SYNC).baseOffset());
    }

    @Test
    void comesBackAmnesicOnlyIfItAcknowledgedFromMemory() {
        world.leader();
        node.createStream("s");
        node.acknowledged("s", "flushed", SYNC);
        node.crash();
        node.start();
        assertEquals(ReplicaStatus.Integrity.INTACT, node.up().status().integrity());

        world.leader();
        node.acknowledged("s", "from memory", ASYNC);
        node.crash();
        node.start();
        assertEquals(ReplicaStatus.Integrity.AMNESIC, node.up().status().integrity());
        world.leader();
        assertEquals(ReplicaStatus.Integrity.INTACT, node.up().status().integrity());
        assertTrue(node.nextOffset("s") >= 1, "what was flushed is there");
    }

    @Test
    void aCleanShutdownFlushesAndLeavesNoDoubt() {
        world.leader();
        node.createStream("s");
        node.acknowledged("s", "from memory", ASYNC);
        node.shutdown();
        node.start();
        assertEquals(ReplicaStatus.Integrity.INTACT, node.up().status().integrity());
        world.leader();
        assertEquals(1, node.nextOffset("s"));
    }

    @Test
    void tellsTheStagesOfAnAppend() {
        world.leader();
        node.createStream("s");
        var appended = new TestWorld.Appended();
        node.up().append(TestWorld.command("s", "staged", ASYNC, appended, true));
        world.until("all three stages", () -> appended.stages.size() == 3);
        assertEquals(AppendObserver.Stage.ACCEPTED, appended.stages.getFirst());
        assertInstanceOf(AppendOutcome.Acknowledged.class, appended.outcome);
    }

    @Test
    void aFlushIsABarrier() {
        world.leader();
        node.createStream("s");
        node.acknowledged("s", "from memory", ASYNC);
        var flushed = assertInstanceOf(CommandOutcome.Done.class, node.flush(SYNC));
        assertTrue(node.up().watermarks().quorumFlushed() >= flushed.lsn());
    }

    @Test
    void refusesWhatTheStreamsRefuseAndLogsNothing() {
        world.leader();
        var before = node.up().watermarks().leaderReceived();
        assertInstanceOf(AppendOutcome.Refused.class, node.await(node.append("nosuch", "x", SYNC)));
        assertEquals(before, node.up().watermarks().leaderReceived());
    }

    @Test
    void waitsForRoomInOrderWhenTheLogIsFull() {
        world.leader();
        node.createStream("s");
        var appends = new ArrayList<TestWorld.Appended>();
        var refused = 0;
        for (var i = 0; i < 20_000; i++) {
            var appended = new TestWorld.Appended();
            if (node.up().append(TestWorld.command("s", "a".repeat(90), ASYNC, appended, false))) {
                appends.add(appended);
            } else {
                refused++;
                world.run(1_000_000);
            }
        }
        world.until("all are acknowledged", () -> appends.stream().allMatch(a -> a.outcome != null));
        for (var i = 0; i < appends.size(); i++) {
            var acknowledged = assertInstanceOf(AppendOutcome.Acknowledged.class, appends.get(i).outcome);
            assertEquals(i, acknowledged.baseOffset());
        }
        assertEquals(20_000, appends.size() + refused);
    }

    private void onAFullDisk() {
        node.crash();
        // More than any disk has.
        world.reserveBytes = 1L << 60;
        node.start();
        world.leader();
    }

    @Test
    void onAFullDiskOnlyWhatFreesRoomIsLogged() {
        world.leader();
        var config = new StreamConfig(null, null, null, null, 0, 0, new TreeMap<>());
        node.createStream("s");
        node.createStream("gone");
        node.acknowledged("s", "record", SYNC);
        assertDone(node.execute(new StreamCommand.CommitCursor("s", "old", 1, OptionalLong.empty())));
        onAFullDisk();
        var before = node.up().watermarks().leaderReceived();
        for (var refused : List.of(
                new StreamCommand.CommitCursor("s", "new", 1, OptionalLong.empty()),
                new StreamCommand.CreateStream("new", config, true),
                new StreamCommand.FenceStream("s", 1),
                new StreamCommand.RegisterProducer(0, "p"))) {
            var outcome = assertInstanceOf(CommandOutcome.Refused.class, node.execute(refused));
            assertEquals(Refusal.Code.DISK_FULL, outcome.refusal().code(), refused.toString());
        }
        assertDone(node.execute(new StreamCommand.CreateStream("s", config, true)));
        assertEquals(before, node.up().watermarks().leaderReceived());
        var shorter = new StreamConfig(null, null, null, null, 1, 0, new TreeMap<>());
        for (var logged : List.of(
                new StreamCommand.UpdateStream("s", shorter),
                new StreamCommand.DeleteCursor("s", "old"),
                new StreamCommand.TrimStream("s", 1),
                new StreamCommand.DeleteStream("gone"))) {
            assertDone(node.execute(logged));
        }
    }

    private static AppendCommand numbered(long producerId, long sequence, AppendObserver observer) {
        var command = TestWorld.command("s", "record", SYNC, observer, false);
        return new AppendCommand(
                command.stream(),
                command.commitMode(),
                command.replicationMode(),
                producerId,
                0,
                sequence,
                command.expectedOffset(),
                command.fencingToken(),
                command.minCopies(),
                command.recordCount(),
                command.records(),
                command.recordsCrc(),
                false,
                observer);
    }

    private AppendOutcome append(long producerId, long sequence) {
        var appended = new TestWorld.Appended();
        assertTrue(node.up().append(numbered(producerId, sequence, appended)));
        return node.await(appended);
    }

    @Test
    void onAFullDiskWhatIsInTheLogAlreadyIsAcknowledged() {
        world.leader();
        node.createStream("s");
        var registered =
                assertInstanceOf(CommandOutcome.Done.class, node.execute(new StreamCommand.RegisterProducer(0, "p")));
        var producer = node.streams().registration(registered.lsn());
        assertNotNull(producer);
        var first = assertInstanceOf(AppendOutcome.Acknowledged.class, append(producer.producerId(), 0));
        onAFullDisk();
        var again = assertInstanceOf(AppendOutcome.Acknowledged.class, append(producer.producerId(), 0));
        assertTrue(again.duplicate());
        assertEquals(first.baseOffset(), again.baseOffset());
        var next = assertInstanceOf(AppendOutcome.Refused.class, append(producer.producerId(), 1));
        assertEquals(Refusal.Code.DISK_FULL, next.refusal().code());
    }

    /// A disk that writes nothing while it is told not to.
    private static final class StalledDisk extends HoldingDisk {
        boolean stalls;

        StalledDisk(IoMethod disk) {
            super(disk);
        }

        @Override
        public void submit(IoRequest request) {
            held.add(request);
        }

        @Override
        public int poll() {
            while (!stalls && !held.isEmpty()) {
                disk.submit(held.remove());
            }
            return disk.poll();
        }
    }

    @Test
    void onAFullDiskThatWritesNothingWhatFreesRoomIsPendingLikeAnythingElse() {
        world.leader();
        node.createStream("s");
        var pendingBytes = 4096;
        pendingBytes(pendingBytes);
        var disks = new ArrayDeque<StalledDisk>();
        world.disk = disk -> {
            disks.add(new StalledDisk(disk));
            return disks.getLast();
        };
        onAFullDisk();
        disks.getLast().stalls = true;
        var outcomes = new ArrayList<CommandOutcome>();
        for (var age = 1; age <= 200; age++) {
            var config = new StreamConfig(null, null, null, null, age, 0, new TreeMap<>());
            node.up().execute(new StreamCommand.UpdateStream("s", config), outcomes::add);
        }
        world.run(100_000_000);
        var pending = node.up().walStats().unflushedBytes();
        assertTrue(pending > 0 && pending <= pendingBytes, () -> pending + " bytes are pending");
        assertTrue(!outcomes.isEmpty());
        for (var outcome : outcomes) {
            var refused = assertInstanceOf(CommandOutcome.Refused.class, outcome);
            assertEquals(Refusal.Code.QUEUE_FULL, refused.refusal().code());
        }
        disks.getLast().stalls = false;
        world.until("the rest is logged", () -> outcomes.size() == 200);
        assertDone(outcomes.getLast());
    }

    @Test
    void retentionAsksForNoMoreWhileTheDiskTakesNothing() {
        world.leader();
        pendingBytes(4096);
        var disks = new ArrayDeque<StalledDisk>();
        world.disk = disk -> {
            disks.add(new StalledDisk(disk));
            return disks.getLast();
        };
        node.crash();
        node.start();
        world.leader();
        var fiveSeconds = new StreamConfig(null, null, null, null, 5000, 0, new TreeMap<>());
        assertDone(node.execute(new StreamCommand.CreateStream("s", fiveSeconds, false)));
        node.acknowledged("s", "old", SYNC);
        node.acknowledged("s", "newer", SYNC);
        disks.getLast().stalls = true;
        for (var i = 0; i < 3; i++) {
            node.append("s", i + "x".repeat(2000), SYNC);
        }
        world.run(30_000_000_000L);
        var refused = new ArrayList<CommandOutcome>();
        var taken = 0;
        while (refused.isEmpty()) {
            node.up().execute(new StreamCommand.DeleteCursor("s", "c"), refused::add);
            taken++;
        }
        assertTrue(taken > Inbox.MAX_COMMANDS - 5, "the inbox had room for no more than " + taken);
    }

    private void pendingBytes(int bytes) {
        var usual = world.settings;
        world.settings = new ReplicaSettings(
                usual.generation(),
                usual.streams(),
                usual.writerDelayNanos(),
                usual.groupCommitDelayNanos(),
                usual.groupCommitSiblings(),
                bytes,
                usual.replicationLagBytes(),
                usual.replicationLagNanos(),
                usual.rejectWhenFull());
    }

    private static void assertDone(CommandOutcome outcome) {
        assertInstanceOf(CommandOutcome.Done.class, outcome, outcome::toString);
    }

    @Test
    void oneTrimFreesAFullDisk() {
        world.leader();
        node.crash();
        world.retain(0);
        node.start();
        world.leader();
        node.createStream("s");
        // More than the first segment, which is a large one.
        for (var i = 0; i < 250; i++) {
            node.acknowledged("s", "x".repeat(6_000), SYNC);
        }
        onAFullDisk();
        assertDone(node.execute(new StreamCommand.TrimStream("s", 250)));
        world.until("the log is trimmed", () -> node.up().startLsn() > 1_200_000);
    }
}
