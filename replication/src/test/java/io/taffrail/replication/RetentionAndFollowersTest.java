package io.taffrail.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.streams.CommitMode;
import io.taffrail.streams.Durability;
import io.taffrail.streams.ReplicationMode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A stream keeps less than a follower lacks.
class RetentionAndFollowersTest {
    private static final Durability SYNC_QUORUM = Durability.SAFEST_DEFAULT;
    private static final Durability ASYNC_ASYNC = new Durability(CommitMode.ASYNC, ReplicationMode.ASYNC);
    private static final long SECOND = 1_000_000_000;
    private static final int RETAINED_BYTES = 50_000;
    private static final int RECORD_BYTES = 6_000;
    private static final String ONLY_HERE = "on no other disk";

    @TempDir
    Path folder;

    TestWorld world;

    @BeforeEach
    void start() {
        world = new TestWorld(folder);
        world.retain(RETAINED_BYTES);
        world.scrub = ScrubConfig.OFF;
        world.startCluster(3);
        world.leader().createStream("s");
    }

    @AfterEach
    void stop() {
        for (var id = 0; id < 3; id++) {
            assertNull(world.node(id).failure);
        }
        world.close();
    }

    private void append(TestWorld.Node leader, int from, int to) {
        for (var i = from; i < to; i++) {
            leader.acknowledged("s", i + "x".repeat(RECORD_BYTES), SYNC_QUORUM);
        }
    }

    private static long start(TestWorld.Node node) {
        return Objects.requireNonNull(node.streams().stream("s")).startOffset();
    }

    private static boolean follows(TestWorld.Node follower, TestWorld.Node of) {
        return follower.nextOffset("s") == of.nextOffset("s")
                && follower.up().status().integrity() == ReplicaStatus.Integrity.INTACT;
    }

    /// A follower of `leader` that holds ten records and is cut off.
    private TestWorld.Node goesAway(TestWorld.Node leader) {
        append(leader, 0, 10);
        var away = world.node((leader.id + 1) % 3);
        world.until("it follows", () -> follows(away, leader));
        world.isolate(away.id);
        return away;
    }

    @Test
    void aFollowerThatComesBackSoonFindsTheLogThatItLacks() {
        var leader = world.leader();
        var away = goesAway(leader);
        var held = away.up().watermarks().leaderReceived();
        append(leader, 10, 80);
        world.run(60 * SECOND);
        assertTrue(start(leader) > 60, "the records are gone for readers");
        assertTrue(leader.up().startLsn() <= held, "and the log is kept for the follower");
        world.heal();
        world.until("it follows again", () -> follows(away, leader));
        assertTrue(away.up().startLsn() <= held, "by the log, not by the streams' files");
        assertEquals(start(leader), start(away));
    }

    @Test
    void oneThatStaysAwayDoesNotFillTheDisksOfTheOthersAndBeginsAnew() throws IOException {
        var leader = world.leader();
        var away = goesAway(leader);
        var held = away.up().watermarks().leaderReceived();
        append(leader, 10, 80);
        // Ten minutes are what a member is waited for.
        world.run(590 * SECOND);
        append(leader, 80, 120);
        world.run(5 * SECOND);
        assertTrue(leader.up().startLsn() <= held, "the log is kept for it");
        world.run(10 * SECOND);
        append(leader, 120, 160);
        world.until("the log is trimmed", () -> leader.up().startLsn() > held);
        world.heal();
        world.until("it follows again", () -> follows(away, leader));
        assertTrue(away.up().startLsn() > held, "it began where the leader's log does");
        append(world.leader(), 160, 162);
        world.until("it holds that, too", () -> away.nextOffset("s") == 162);
        assertEquals(List.of(), away.aside(), "all that it gave up was the leader's, too");
    }

    @Test
    void aSeedThatHasRottedReplacesNothing() throws IOException {
        var leader = world.leader();
        var away = goesAway(leader);
        var held = away.up().watermarks().leaderReceived();
        append(leader, 10, 120);
        world.run(601 * SECOND);
        append(leader, 120, 160);
        world.until("the log is trimmed", () -> leader.up().startLsn() > held);
        // The trim makes a checkpoint of its own.
        world.run(30 * SECOND);
        rot(leader.newestCheckpoint());
        world.heal();
        world.run(10 * SECOND);
        assertEquals(held, away.up().watermarks().leaderReceived(), "it has kept what it had");
        assertEquals(ReplicaStatus.Integrity.INTACT, away.up().status().integrity());
        append(leader, 160, 200);
        world.until("the next checkpoint is whole", () -> follows(away, leader));
    }

    private static void rot(Path file) throws IOException {
        var bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);
    }

    @Test
    void whatNobodyElseHasIsMovedAsideWhenTheLogIsBegunAnew() throws IOException {
        var cutOff = world.leader();
        append(cutOff, 0, 10);
        world.isolate(cutOff.id);
        cutOff.append("s", ONLY_HERE, ASYNC_ASYNC);
        var parts = cutOff.up().watermarks().quorumFlushed();
        world.until(
                "it is flushed there",
                () -> cutOff.up().watermarks().leaderFlushed() > parts
                        && cutOff.up().watermarks().leaderFlushed()
                                == cutOff.up().watermarks().leaderReceived());
        world.until("another leads", () -> world.openLeader() != null && world.openLeader() != cutOff);
        var next = Objects.requireNonNull(world.openLeader());
        append(next, 10, 80);
        world.run(601 * SECOND);
        append(next, 80, 120);
        world.until("the log is trimmed", () -> next.up().startLsn() > parts);
        assertEquals(List.of(), cutOff.aside());
        world.heal();
        world.until("it follows", () -> follows(cutOff, next));
        assertTrue(cutOff.up().startLsn() > parts, "it began where the leader's log does");
        var kept = cutOff.aside();
        assertEquals(1, kept.size(), kept::toString);
        assertTrue(new String(Files.readAllBytes(kept.getFirst()), StandardCharsets.ISO_8859_1).contains(ONLY_HERE));
    }

    @Test
    void nothingIsDeletedThatAMajorityHasNotFlushed() {
        var leader = world.leader();
        append(leader, 0, 10);
        world.run(5 * SECOND);
        var flushed = leader.up().watermarks().quorumFlushed();
        world.isolate(leader.id);
        for (var i = 0; i < 40; i++) {
            leader.append("s", i + "y".repeat(RECORD_BYTES), ASYNC_ASYNC);
        }
        world.run(SECOND / 2);
        assertTrue(leader.up().watermarks().leaderFlushed() > flushed, "it is still taking appends");
        assertTrue(leader.up().startLsn() <= flushed);
        world.until("another leads", () -> {
            var now = world.openLeader();
            return now != null && now != leader;
        });
        assertTrue(leader.up().startLsn() <= flushed, "what may be cut is not what retention took");
        world.heal();
        var next = world.leader();
        world.until("it follows", () -> follows(leader, next));
    }
}
