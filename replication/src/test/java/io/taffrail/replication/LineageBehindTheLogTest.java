package io.taffrail.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.taffrail.streams.Durability;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A process has flushed the first entry of an epoch, and ends before `lineage` holds it.
class LineageBehindTheLogTest {
    @TempDir
    Path folder;

    private TestWorld world;

    @BeforeEach
    void start() {
        world = new TestWorld(folder);
        world.segmentBytes = 64 << 10;
        world.checkpointBytes = 32 << 10;
    }

    @AfterEach
    void stop() {
        world.close();
    }

    private static Path lineage(TestWorld.Node node) {
        return node.path().resolve(LineageFile.SLOT);
    }

    private void append(int records) {
        for (var i = 0; i < records; i++) {
            world.leader().acknowledged("s", i + "x".repeat(6000), Durability.SAFEST_DEFAULT);
        }
    }

    private boolean follows(TestWorld.Node node) {
        var status = node.up().status();
        return status.state() == ReplicaStatus.State.FOLLOWER
                && status.integrity() == ReplicaStatus.Integrity.INTACT
                && node.up().watermarks().leaderReceived()
                        == world.leader().up().watermarks().leaderReceived();
    }

    private static boolean hasCheckpoint(TestWorld.Node node) {
        try (var files = Files.list(node.path().resolve("streams"))) {
            return files.anyMatch(file -> file.toString().endsWith(".checkpoint"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// What the process after it replays holds the entry; what the one after that replays would not, and would cut
    /// the log at the end of the epoch before.
    @Test
    void isWrittenBeforeACheckpointLeavesTheEpochOut() throws IOException {
        world.startCluster(3);
        world.leader().createStream("s");
        append(3);
        var before = new TreeMap<Integer, byte[]>();
        for (var id = 0; id < 3; id++) {
            before.put(id, Files.readAllBytes(lineage(world.node(id))));
        }
        var first = world.leader();
        first.crash();
        var second = world.leader();
        append(1);
        var follower = world.node(3 - first.id - second.id);
        follower.crash();
        Files.write(lineage(follower), before.get(follower.id));
        follower.start();
        append(40);
        world.until("it follows", () -> follows(follower));
        world.until("it has a checkpoint", () -> hasCheckpoint(follower));
        follower.crash();
        follower.start();
        world.until("it follows again", () -> follows(follower));
        assertEquals(second, world.leader());
        assertEquals(List.of(), follower.aside(), "nothing was cut");
    }
}
