package io.taffrail.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.replication.codec.ReplicaMeta;
import io.taffrail.replication.protocol.EpochStart;
import io.taffrail.replication.protocol.HardState;
import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.wal.SlotFile;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.LogFile;
import io.taffrail.wal.io.file.Buffering;
import io.taffrail.wal.io.file.FileLogDirectory;
import io.taffrail.wal.io.sync.SyncIoMethod;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetaFileTest {
    private static final long SECOND = 1_000_000_000;

    @TempDir
    Path folder;

    /// Somebody else's files take the rest of the volume.
    private static final class FullVolume implements LogDirectory {
        private final LogDirectory directory;
        boolean full;

        FullVolume(LogDirectory directory) {
            this.directory = directory;
        }

        @Override
        public LogFile create(String name, long lengthBytes) throws IOException {
            if (full) {
                throw new IOException(name + ": No space left on device");
            }
            return directory.create(name, lengthBytes);
        }

        @Override
        public List<String> list() throws IOException {
            return directory.list();
        }

        @Override
        public boolean exists(String name) throws IOException {
            return directory.exists(name);
        }

        @Override
        public LogFile open(String name) throws IOException {
            return directory.open(name);
        }

        @Override
        public void rename(String from, String to) throws IOException {
            directory.rename(from, to);
        }

        @Override
        public void delete(String name) throws IOException {
            directory.delete(name);
        }

        @Override
        public void sync() throws IOException {
            directory.sync();
        }

        @Override
        public LogDirectory subdirectory(String name) throws IOException {
            return directory.subdirectory(name);
        }

        @Override
        public long freeBytes() throws IOException {
            return full ? 0 : directory.freeBytes();
        }

        @Override
        public long totalBytes() throws IOException {
            return directory.totalBytes();
        }

        @Override
        public void close() throws IOException {
            directory.close();
        }
    }

    private static List<EpochStart> epochs(int last) {
        var starts = new ArrayList<EpochStart>();
        for (var epoch = 1; epoch <= last; epoch++) {
            starts.add(new EpochStart(epoch, 100L * epoch, epoch - 1, epoch));
        }
        return starts;
    }

    private List<EpochStart> found() throws IOException {
        try (var directory = FileLogDirectory.open(folder, Buffering.BUFFERED);
                var file = LineageFile.open(directory, new SyncIoMethod())) {
            return file.found();
        }
    }

    @Test
    void olderEpochsWaitForRoomAndEverythingElseStaysAsItIs() throws IOException {
        try (var volume = new FullVolume(FileLogDirectory.open(folder, Buffering.BUFFERED));
                var io = new SyncIoMethod()) {
            var failures = new ArrayList<String>();
            try (var file = new MetaFile(
                    SlotFile.open(volume, "meta", io),
                    LineageFile.open(volume, io),
                    new ReplicaMeta(0, new UUID(1, 1), 1, HardState.EMPTY, LogPosition.EMPTY),
                    failures::add)) {
                file.write(epochs(200));
                while (file.isWriting()) {
                    io.poll();
                }
                volume.full = true;
                file.write(epochs(290));
                file.write(epochs(300));
                file.tryAgain(SECOND);
                assertFalse(file.isWriting(), "nothing is under way that an end would have to wait for");
                assertFalse(file.isSettled(), "a checkpoint would be the only one to know of those epochs");

                volume.full = false;
                file.tryAgain(SECOND + 1);
                assertFalse(file.isSettled(), "not with every turn");
                file.tryAgain(2 * SECOND);
                while (file.isWriting()) {
                    io.poll();
                }
                assertTrue(file.isSettled());
                assertNull(file.failure());
            }
            assertEquals(List.of(), failures);
        }
        assertEquals(epochs(300), found());
    }

    @Test
    void aProcessThatEndsBeforeThereIsRoomLeavesWhatWasThere() throws IOException {
        try (var volume = new FullVolume(FileLogDirectory.open(folder, Buffering.BUFFERED));
                var io = new SyncIoMethod();
                var file = LineageFile.open(volume, io)) {
            var written = new boolean[1];
            assertTrue(file.write(epochs(200), error -> written[0] = error == null));
            while (!written[0]) {
                io.poll();
            }
            volume.full = true;
            assertFalse(file.write(epochs(300), error -> {
                throw new AssertionError(error);
            }));
        }
        assertEquals(epochs(200), found());
    }
}
