package io.taffrail.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.streams.Durability;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.io.IoResult;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a disk does to a replica that is about to end.
class CleanShutdownTest {
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

    /// The second copy of each value of `meta` is answered only when somebody waits for it, and then refused.
    private static final class RefusedCopies extends HoldingDisk {
        private @Nullable ByteBuffer first;
        boolean refuses;
        private boolean awaited;

        RefusedCopies(IoMethod disk) {
            super(disk);
        }

        @Override
        public void submit(IoRequest request) {
            if (request instanceof IoRequest.Write write
                    && write.file().toString().endsWith("meta")) {
                var value = ByteBuffer.allocate(write.source().remaining())
                        .put(write.source().duplicate())
                        .flip();
                var isCopy = value.equals(first);
                first = value;
                if (isCopy && refuses) {
                    held.add(request);
                    return;
                }
            }
            disk.submit(request);
        }

        @Override
        public int poll() {
            var refused = 0;
            for (; awaited && !held.isEmpty(); refused++) {
                held.remove().completion().completed(new IoResult.Failed(5, "Input/output error"));
            }
            return refused + disk.poll();
        }

        @Override
        public void await(long timeoutNanos) {
            awaited = true;
            disk.await(timeoutNanos);
        }
    }

    /// With the first copy of the last value durable, nothing keeps the replica from ending. The process must not end
    /// as a clean one all the same: the next one would believe a page cache that may show what the disk refused.
    @Test
    void aLastValueWhoseSecondCopyFailsIsToldBeforeTheEnd() {
        var disks = new ArrayDeque<RefusedCopies>();
        world.disk = disk -> {
            disks.add(new RefusedCopies(disk));
            return disks.getLast();
        };
        var node = world.startCluster(1).getFirst();
        world.leader().createStream("s");
        // So that there is something to write at the end: `dirty` is cleared.
        node.acknowledged("s", "from memory", Durability.WEAKEST);
        world.run(1_000_000_000);
        disks.getLast().refuses = true;
        node.shutdown();
        var told = node.failure;
        assertNotNull(told);
        assertTrue(told.contains("Input/output error"), told);

        node.start();
        assertNull(node.failure);
        assertEquals(
                ReplicaStatus.Integrity.INTACT,
                node.up().status().integrity(),
                "the first copy says that it ended well");
        world.leader();
        assertEquals(1, node.nextOffset("s"));
    }
}
