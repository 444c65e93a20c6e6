package io.taffrail.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.streams.Durability;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a majority has flushed is gone from one of its volumes, and nothing there tells.
class HaltRatherThanCutTest {
    private static final int BLOCK = 4096;
    private static final String LAST = "known to be on a majority";

    @TempDir
    Path folder;

    TestWorld world;

    @BeforeEach
    void start() {
        world = new TestWorld(folder);
        world.scrub = ScrubConfig.OFF;
    }

    @AfterEach
    void stop() {
        world.close();
    }

    /// First the last record is flushed on two of three, and both know it. Then one of them loses exactly its
    /// group, which no later one is a witness of, and elects with the third, which never had it. The other is
    /// asked to cut it.
    @Test
    void whoHoldsWhatAMajorityHadStopsAndTheNextProcessKeepsItAside() throws IOException {
        world.startCluster(3);
        var loses = world.leader();
        loses.createStream("s");
        var holds = world.node((loses.id + 1) % 3);
        var lacks = world.node((loses.id + 2) % 3);
        loses.acknowledged("s", "x", Durability.SAFEST_DEFAULT);
        world.until("all have it", () -> holds.nextOffset("s") == 1 && lacks.nextOffset("s") == 1);
        lacks.crash();
        loses.acknowledged("s", LAST, Durability.SAFEST_DEFAULT);
        var end = loses.up().watermarks().leaderFlushed();
        world.until("it is known", () -> holds.up().watermarks().quorumFlushed() == end);
        loses.crash();
        world.isolate(holds.id);
        loseLastBlock(loses);

        loses.start();
        lacks.start();
        assertEquals(
                ReplicaStatus.Integrity.INTACT, loses.up().status().integrity(), "nothing can tell it from a torn end");
        world.leader().acknowledged("s", "instead", Durability.SAFEST_DEFAULT);
        world.heal();
        world.until("it stops", () -> holds.failure != null);
        var why = holds.failure;
        assertNotNull(why);
        assertTrue(why.startsWith("halted: I17: cut at "), why);
        assertTrue(why.endsWith("log ends at " + end), why);
        assertEquals(List.of(), holds.aside());

        holds.crash();
        holds.start();
        world.until(
                "it is as the others",
                () -> holds.up().status().integrity() == ReplicaStatus.Integrity.INTACT
                        && holds.up().watermarks().leaderFlushed()
                                == world.leader().up().watermarks().leaderFlushed());
        assertEquals(2, holds.nextOffset("s"));
        var kept = holds.aside();
        assertEquals(1, kept.size());
        assertTrue(new String(Files.readAllBytes(kept.getFirst()), StandardCharsets.ISO_8859_1).contains(LAST));
    }

    /// As if it had never been written.
    private static void loseLastBlock(TestWorld.Node node) throws IOException {
        try (var files = Files.list(node.path().resolve("log"));
                var segment = new RandomAccessFile(
                        files.filter(file -> file.toString().endsWith(".segment"))
                                .min(Path::compareTo)
                                .orElseThrow()
                                .toFile(),
                        "rw")) {
            var block = new byte[BLOCK];
            for (var at = segment.length() - BLOCK; at > 0; at -= BLOCK) {
                segment.seek(at);
                segment.readFully(block);
                if (block[0] != 0) {
                    segment.seek(at);
                    segment.write(new byte[BLOCK]);
                    return;
                }
            }
        }
        throw new AssertionError("nothing is in the first segment");
    }
}
