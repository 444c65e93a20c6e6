package io.taffrail.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.wal.io.FlushFailedException;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.LogFile;
import io.taffrail.wal.record.EntryType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// A page cache as ext4 and XFS have it: after a flush that failed, what it did not write counts as written,
/// is read from memory as if it were there, and no later flush writes it (Rebello et al., ATC 2020).
class FailedFlushTest {
    private final CachedDirectory directory = new CachedDirectory();

    private static final class CachedDirectory implements LogDirectory {
        private static final class Inode {
            byte[] cache = new byte[0];
            byte[] disk = new byte[0];
            final TreeMap<Long, Integer> dirty = new TreeMap<>();
            boolean failed;
        }

        private final TreeMap<String, Inode> names = new TreeMap<>();
        private boolean failsNext;
        private boolean full;
        /// A file, the next flush of which fails.
        private String failing = "";

        /// Files of which nobody knows what the disk holds.
        List<String> unknown() {
            return names.entrySet().stream()
                    .filter(file -> file.getValue().failed)
                    .map(Map.Entry::getKey)
                    .toList();
        }

        /// What is on the disk, as a machine finds it that lost its power.
        CachedDirectory afterPowerLoss() {
            var found = new CachedDirectory();
            names.forEach((name, inode) -> {
                var copy = new Inode();
                copy.cache = inode.disk.clone();
                copy.disk = inode.disk.clone();
                found.names.put(name, copy);
            });
            return found;
        }

        private final class Open implements LogFile {
            private final String name;
            private final Inode inode;

            Open(String name, Inode inode) {
                this.name = name;
                this.inode = inode;
            }

            @Override
            public String name() {
                return name;
            }

            @Override
            public long sizeBytes() {
                return inode.cache.length;
            }

            @Override
            public int blockSizeBytes() {
                return 1;
            }

            @Override
            public int read(ByteBuffer target, long position) {
                var count = (int) Math.min(target.remaining(), inode.cache.length - position);
                if (count <= 0) {
                    return -1;
                }
                target.put(inode.cache, (int) position, count);
                return count;
            }

            @Override
            public void write(ByteBuffer source, long position) {
                var length = source.remaining();
                var end = (int) position + length;
                if (end > inode.cache.length) {
                    inode.cache = Arrays.copyOf(inode.cache, end);
                }
                source.duplicate().get(inode.cache, (int) position, length);
                inode.dirty.merge(position, length, Math::max);
            }

            @Override
            public void force() throws IOException {
                if (failsNext || name.equals(failing)) {
                    failsNext = false;
                    failing = "";
                    inode.failed = true;
                    inode.dirty.clear();
                    throw new FlushFailedException("Input/output error");
                }
                inode.disk = Arrays.copyOf(inode.disk, inode.cache.length);
                inode.dirty.forEach((position, length) -> System.arraycopy(
                        inode.cache, (int) (long) position, inode.disk, (int) (long) position, length));
                inode.dirty.clear();
            }

            @Override
            public void close() {}
        }

        @Override
        public List<String> list() {
            return List.copyOf(names.keySet());
        }

        @Override
        public boolean exists(String name) {
            return names.containsKey(name);
        }

        @Override
        public LogFile create(String name, long lengthBytes) throws IOException {
            if (full) {
                throw new IOException(name + ": No space left on device");
            }
            var inode = new Inode();
            inode.cache = new byte[(int) lengthBytes];
            inode.disk = new byte[(int) lengthBytes];
            names.put(name, inode);
            return new Open(name, inode);
        }

        @Override
        public LogFile open(String name) throws IOException {
            var inode = names.get(name);
            if (inode == null) {
                throw new NoSuchFileException(name);
            }
            return new Open(name, inode);
        }

        @Override
        public void rename(String from, String to) {
            var inode = names.remove(from);
            if (inode != null) {
                names.put(to, inode);
            }
        }

        @Override
        public void delete(String name) {
            names.remove(name);
        }

        @Override
        public void sync() {}

        @Override
        public LogDirectory subdirectory(String name) {
            throw new UnsupportedOperationException(name);
        }

        @Override
        public long freeBytes() {
            return 1L << 40;
        }

        @Override
        public long totalBytes() {
            return 1L << 40;
        }

        @Override
        public void close() {}
    }

    /// A process on the directory.
    private static final class Life {
        final List<String> recovered = new ArrayList<>();
        final List<String> failures = new ArrayList<>();
        final Wal wal;

        Life(CachedDirectory directory, boolean flushFailed) {
            var io = new HeldIoMethod();
            io.forces = true;
            wal = Wal.open(
                    MemoryLog.CONFIG,
                    directory,
                    io,
                    () -> 1,
                    new WalListener() {
                        @Override
                        public void flushed(long lsn) {}

                        @Override
                        public void failed(String message) {
                            failures.add(message);
                        }
                    },
                    0,
                    0,
                    flushFailed,
                    (_, payload) ->
                            recovered.add(StandardCharsets.UTF_8.decode(payload).toString()));
        }

        void append(String payload) {
            wal.append(EntryType.RECORDS, 1, WalFixture.bytes(payload));
            flush();
        }

        void flush() {
            wal.requestFlush();
            while (wal.doWork(1) > 0) {
                wal.requestFlush();
            }
        }
    }

    private void failTheThird() {
        var life = new Life(directory, false);
        life.flush();
        life.append("one");
        life.append("two");
        directory.failsNext = true;
        life.append("three");
        assertFalse(life.failures.isEmpty(), "the flush failed");
        assertTrue(life.wal.flushedLsn() < life.wal.receivedLsn());
    }

    @Test
    void whatWasOnlyInTheCacheIsLostLater() {
        failTheThird();
        var careless = new Life(directory, false);
        assertEquals(List.of("one", "two", "three"), careless.recovered);
        careless.flush();
        assertEquals(List.of("one", "two"), new Life(directory.afterPowerLoss(), false).recovered);
    }

    @Test
    void whatAStartAfterItFoundIsThereForEver() {
        failTheThird();
        var careful = new Life(directory, true);
        assertEquals(List.of("one", "two", "three"), careful.recovered);
        assertEquals(Map.of(), leftovers());
        careful.append("four");
        assertEquals(List.of("one", "two", "three", "four"), new Life(directory.afterPowerLoss(), false).recovered);
    }

    @Test
    void aSegmentWhosePreparationFailedIsNotUsed() {
        directory.failing = "0000000000000002.segment";
        var life = new Life(directory, false);
        life.flush();
        life.append("one");
        assertFalse(life.failures.isEmpty(), "the flush of the next segment failed");
        assertEquals(List.of("0000000000000002.segment"), directory.unknown());
        var careful = new Life(directory, true);
        assertEquals(List.of("one"), careful.recovered);
        assertEquals(List.of(), directory.unknown());
        careful.append("two");
        assertEquals(List.of("one", "two"), new Life(directory.afterPowerLoss(), false).recovered);
    }

    private Map<String, String> leftovers() {
        var left = new TreeMap<String, String>();
        directory.list().stream().filter(name -> !name.endsWith(".segment")).forEach(name -> left.put(name, name));
        return left;
    }

    /// The same start works once there is room, and believes the cache no more than the first one did.
    @Test
    void aDiskWithoutRoomForTheCopyIsSaidToBeFull() {
        failTheThird();
        directory.full = true;
        var refused = assertThrows(WalException.NoRoom.class, () -> new Life(directory, true));
        assertTrue(String.valueOf(refused.getMessage()).contains("No space left on device"), refused::getMessage);
        directory.full = false;
        assertEquals(List.of("one", "two", "three"), new Life(directory, true).recovered);
        assertEquals(Map.of(), leftovers());
        assertEquals(List.of("one", "two", "three"), new Life(directory.afterPowerLoss(), false).recovered);
    }

    @Test
    void aDiskThatFailsAgainLetsNothingBegin() {
        failTheThird();
        directory.failsNext = true;
        var refused = assertThrows(WalException.Unusable.class, () -> new Life(directory, true));
        assertTrue(String.valueOf(refused.getMessage()).contains("Input/output error"), refused::getMessage);
        assertTrue(FlushFailedException.isCauseOf(refused), "so the next start has to be told again");
    }
}
