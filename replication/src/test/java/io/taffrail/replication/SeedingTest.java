package io.taffrail.replication;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.replication.codec.Envelope;
import io.taffrail.replication.codec.FrameCodec;
import io.taffrail.replication.port.Network;
import io.taffrail.replication.protocol.Configuration;
import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.replication.protocol.LoggedConfiguration;
import io.taffrail.replication.protocol.Message;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.file.Buffering;
import io.taffrail.wal.io.file.FileLogDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Copies of a leader's files, whose process ends in the middle.
class SeedingTest {
    private static final Envelope ENVELOPE = new Envelope(1, new UUID(0, 1), 1, new UUID(1, 1), new UUID(2, 2));
    private static final UUID LEADER = new UUID(0, 9);
    private static final int CHUNK = 256 << 10;
    private static final String INDEX = "0000000000000000-0000000000000100-0.index";
    private static final String CHECKPOINT = "0000000000000100.checkpoint";
    private static final int INDEX_BYTES = 20 << 20;
    private static final int CHECKPOINT_BYTES = 300_000 / 4096 * 4096;

    @TempDir
    Path folder;

    LogDirectory theirs;
    LogDirectory ours;

    @BeforeEach
    void open() throws IOException {
        write(INDEX, INDEX_BYTES, 1);
        write(CHECKPOINT, CHECKPOINT_BYTES, 2);
        theirs = FileLogDirectory.open(folder.resolve("theirs"), Buffering.BUFFERED);
        ours = FileLogDirectory.open(folder.resolve("ours"), Buffering.BUFFERED);
    }

    @AfterEach
    void close() throws IOException {
        theirs.close();
        ours.close();
    }

    private void write(String name, int size, long seed) throws IOException {
        var bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        Files.createDirectories(folder.resolve("theirs"));
        Files.write(folder.resolve("theirs").resolve(name), bytes);
    }

    private Message.Reseed offer(long epoch) throws IOException {
        return new Message.Reseed(
                epoch,
                1,
                new LogPosition(256, 1, 7),
                List.of(),
                new LoggedConfiguration(0, new Configuration(1, List.of(), List.of())),
                Seeding.files(theirs, List.of(INDEX, CHECKPOINT)));
    }

    /// The leader, which answers each request, until the follower's process ends.
    private final class Wire implements Network {
        final ArrayDeque<Message.SeedRequest> asked = new ArrayDeque<>();
        long fetchedBytes;

        @Override
        public void send(int toNodeId, ByteBuffer frame) {
            if (FrameCodec.decode(frame).message() instanceof Message.SeedRequest request) {
                asked.add(request);
            }
        }

        @Override
        public long unsentBytes(int toNodeId) {
            return 0;
        }

        @Override
        public void locate(int nodeId, String peerAddress) {}

        Seeding.Progress run(Seeding seeding, long chunks) {
            seeding.ask(ENVELOPE, 0);
            for (var i = 0L; i < chunks && !asked.isEmpty(); i++) {
                var chunk = Seeding.serve(theirs, asked.remove());
                fetchedBytes += chunk.bytes().remaining();
                seeding.take(chunk, ENVELOPE, 0);
            }
            return seeding.progress(0);
        }
    }

    private Seeding begin(Wire wire, UUID leader, long epoch) throws IOException {
        return new Seeding(ours, wire, 0, leader, offer(epoch), 0);
    }

    private void assertCopied(Seeding seeding) throws IOException {
        seeding.install();
        for (var name : List.of(INDEX, CHECKPOINT)) {
            assertArrayEquals(
                    Files.readAllBytes(folder.resolve("theirs").resolve(name)),
                    Files.readAllBytes(folder.resolve("ours").resolve(name)));
        }
        assertEquals(List.of(INDEX, CHECKPOINT).stream().sorted().toList(), ours.list(), "nothing else is left");
    }

    @Test
    void fetchesNothingAgainThatHadBeenFlushed() throws IOException {
        var first = new Wire();
        // 15 MiB of 20: 8 MiB have been flushed, and the rest only written.
        assertEquals(Seeding.Progress.COPYING, first.run(begin(first, LEADER, 5), 60));
        var second = new Wire();
        var resumed = begin(second, LEADER, 5);
        assertEquals(Seeding.Progress.COPIED, second.run(resumed, 1_000));
        assertEquals(INDEX_BYTES + CHECKPOINT_BYTES - (8 << 20), second.fetchedBytes);
        assertCopied(resumed);
    }

    @Test
    void goesOnWithTheNextFileWhereOneWasComplete() throws IOException {
        var first = new Wire();
        assertEquals(Seeding.Progress.COPYING, first.run(begin(first, LEADER, 5), INDEX_BYTES / CHUNK + 1));
        var second = new Wire();
        var resumed = begin(second, LEADER, 5);
        assertEquals(Seeding.Progress.COPIED, second.run(resumed, 1_000));
        assertEquals(CHECKPOINT_BYTES, second.fetchedBytes);
        assertCopied(resumed);
    }

    @Test
    void needsNothingWhereAllIsHere() throws IOException {
        var first = new Wire();
        first.run(begin(first, LEADER, 5), 1_000);
        var second = new Wire();
        var resumed = begin(second, LEADER, 5);
        assertEquals(Seeding.Progress.COPIED, second.run(resumed, 1_000));
        assertEquals(0, second.fetchedBytes);
        assertCopied(resumed);
    }

    @Test
    void beginsAgainWithAnotherLeaderOrInAnotherEpoch() throws IOException {
        for (var other : List.of(begin(interrupted(), new UUID(0, 8), 5), begin(interrupted(), LEADER, 6))) {
            var wire = new Wire();
            assertEquals(0, wire.fetchedBytes);
            assertEquals(Seeding.Progress.COPYING, other.progress(0));
        }
        var wire = interrupted();
        write(INDEX, INDEX_BYTES, 3);
        var anew = begin(wire, LEADER, 6);
        wire.fetchedBytes = 0;
        wire.asked.clear();
        assertEquals(Seeding.Progress.COPIED, wire.run(anew, 1_000));
        assertEquals(INDEX_BYTES + CHECKPOINT_BYTES, wire.fetchedBytes);
        assertCopied(anew);
    }

    private Wire interrupted() throws IOException {
        var wire = new Wire();
        wire.run(begin(wire, LEADER, 5), 60);
        return wire;
    }

    @Test
    void whatCannotBeReadIsNoProgress() throws IOException {
        interrupted();
        Files.writeString(folder.resolve("ours").resolve(SeedProgress.FILE), "x".repeat(4096));
        var wire = new Wire();
        var anew = begin(wire, LEADER, 5);
        assertEquals(Seeding.Progress.COPIED, wire.run(anew, 1_000));
        assertEquals(INDEX_BYTES + CHECKPOINT_BYTES, wire.fetchedBytes);
        assertCopied(anew);
    }

    @Test
    void aStartThatNeedsNoCopyDeletesIt() throws IOException {
        interrupted();
        assertTrue(ours.exists(INDEX + SeedProgress.COPY_SUFFIX));
        SeedProgress.clear(ours, Set.of());
        assertFalse(ours.exists(INDEX + SeedProgress.COPY_SUFFIX));
        assertEquals(List.of(), ours.list());
    }
}
