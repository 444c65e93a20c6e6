package io.taffrail.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.streams.Durability;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The volume is damaged while its replica is down, at more than one place.
class DamageAtStartTest {
    private static final int BLOCK = 4096;

    @TempDir
    Path folder;

    TestWorld world;

    @BeforeEach
    void start() {
        world = new TestWorld(folder);
        world.segmentBytes = 64 << 10;
        // Two checkpoints lie further apart than a start verifies by itself.
        world.checkpointBytes = 160 << 10;
        world.scrub = ScrubConfig.OFF;
    }

    @AfterEach
    void stop() {
        world.close();
    }

    private static List<Path> files(TestWorld.Node node, String folder, String ending) throws IOException {
        try (var files = Files.list(node.path().resolve(folder))) {
            return files.filter(file -> file.toString().endsWith(ending))
                    .sorted()
                    .toList();
        }
    }

    private static void flip(Path file, long position) throws IOException {
        try (var bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(position);
            var old = bytes.read();
            bytes.seek(position);
            bytes.write(old ^ 16);
        }
    }

    private static boolean isWhole(TestWorld.Node node, int records) {
        return node.up().status().integrity() == ReplicaStatus.Integrity.INTACT && node.nextOffset("s") == records;
    }

    private record Crashed(TestWorld.Node follower, int records) {}

    private Crashed crashWithTwoCheckpoints() throws IOException {
        world.startCluster(3);
        var leader = world.leader();
        leader.createStream("s");
        var follower = world.node((leader.id + 1) % 3);
        var count = 0;
        while (files(follower, "streams", ".checkpoint").size() < 2) {
            leader.acknowledged("s", "x".repeat(6000), Durability.SAFEST_DEFAULT);
            count++;
            var all = count;
            world.until("it has it all", () -> isWhole(follower, all));
        }
        follower.crash();
        return new Crashed(follower, count);
    }

    /// 1. The newest checkpoint covers what the newest segment held. 2. That segment is damaged, so the log ends
    /// below the checkpoint and the streams' state has to come from the one before. 3. Between the two checkpoints
    /// is a segment that no start would look at, and it is damaged too.
    @Test
    void whatStandsBetweenTwoCheckpointsIsVerifiedBeforeItIsReplayed() throws IOException {
        var crashed = crashWithTwoCheckpoints();
        var follower = crashed.follower;
        var segments = files(follower, "log", ".segment").stream()
                .filter(DamageAtStartTest::isUsed)
                .toList();
        flip(segments.getLast(), BLOCK + 8);
        flip(segments.get(segments.size() - 3), 5 * BLOCK + 500);

        follower.start();
        assertEquals(ReplicaStatus.Integrity.SUSPECT, follower.up().status().integrity());
        var recovery = follower.up().status().recovery();
        assertTrue(recovery.detail().contains(name(segments, 3)), recovery::toString);
        world.until("it is filled up", () -> isWhole(follower, crashed.records));
        assertNull(follower.failure);
        try (var reader = follower.up().newReader()) {
            var end = follower.up().watermarks().leaderReceived();
            for (var lsn = 0L; lsn < end; ) {
                lsn += reader.read(lsn, end, ByteBuffer.allocate(1 << 20));
            }
        }
    }

    /// The only witness of what is missing is a checkpoint, which is deleted since the log does not reach it. The
    /// process ends before it has written anything of its own.
    @Test
    void theNextProcessIsToldOfALossWhoseWitnessIsDeleted() throws IOException {
        var crashed = crashWithTwoCheckpoints();
        var follower = crashed.follower;
        var newest = files(follower, "log", ".segment").stream()
                .filter(DamageAtStartTest::isUsed)
                .toList()
                .getLast();
        forget(newest, BLOCK);
        var checkpoints = files(follower, "streams", ".checkpoint");

        follower.start();
        follower.crash();
        assertFalse(files(follower, "streams", ".checkpoint").containsAll(checkpoints), "the witness is there still");

        follower.start();
        assertEquals(ReplicaStatus.Integrity.SUSPECT, follower.up().status().integrity());
        world.until("it is filled up", () -> isWhole(follower, crashed.records));
    }

    /// As if nothing had ever been written from here on.
    private static void forget(Path file, int from) throws IOException {
        try (var bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(from);
            bytes.write(new byte[(int) bytes.length() - from]);
        }
    }

    private static String name(List<Path> segments, int fromEnd) {
        return segments.get(segments.size() - fromEnd).getFileName().toString();
    }

    private static boolean isUsed(Path segment) {
        try (var bytes = new RandomAccessFile(segment.toFile(), "r")) {
            return bytes.read() != 0;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
