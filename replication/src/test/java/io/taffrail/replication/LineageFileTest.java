package io.taffrail.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.taffrail.replication.codec.LineageCodec;
import io.taffrail.replication.protocol.EpochStart;
import io.taffrail.wal.SlotFile;
import io.taffrail.wal.io.file.Buffering;
import io.taffrail.wal.io.file.FileLogDirectory;
import io.taffrail.wal.io.sync.SyncIoMethod;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LineageFileTest {
    @TempDir
    Path folder;

    private static List<EpochStart> epochs(long first, long last, long startsAt) {
        var starts = new ArrayList<EpochStart>();
        for (var epoch = first; epoch <= last; epoch++) {
            starts.add(new EpochStart(epoch, startsAt + 100 * (epoch - first), epoch - 1, (int) epoch));
        }
        return starts;
    }

    /// Writes one after the other, as failovers come, in one process.
    @SafeVarargs
    private void write(List<EpochStart>... lineages) throws IOException {
        try (var directory = FileLogDirectory.open(folder, Buffering.BUFFERED);
                var io = new SyncIoMethod();
                var file = LineageFile.open(directory, io)) {
            for (var lineage : lineages) {
                var done = new boolean[1];
                file.write(lineage, error -> {
                    assertNull(error);
                    done[0] = true;
                });
                while (!done[0]) {
                    io.poll();
                }
            }
        }
    }

    private List<EpochStart> read() throws IOException {
        try (var directory = FileLogDirectory.open(folder, Buffering.BUFFERED);
                var file = LineageFile.open(directory, new SyncIoMethod())) {
            return file.found();
        }
    }

    @Test
    void everyEpochIsKeptAsTheyCome() throws IOException {
        assertEquals(List.of(), read());
        for (var last = 1; last <= 700; last += last < 120 || last > 400 ? 60 : 1) {
            write(epochs(1, last, 0));
            assertEquals(epochs(1, last, 0), read(), "after " + last);
        }
    }

    @Test
    void theSecondFileIsReplacedOnceInManyFailovers() throws IOException {
        write(epochs(1, 300, 0));
        var older = folder.resolve(LineageFile.OLDER);
        var before = Files.readAllBytes(older);
        write(epochs(1, 320, 0), epochs(1, 340, 0));
        assertEquals(ByteBuffer.wrap(before), ByteBuffer.wrap(Files.readAllBytes(older)));
        assertEquals(epochs(1, 340, 0), read());
    }

    @Test
    void epochsThatWereCutDoNotComeBack() throws IOException {
        write(epochs(1, 500, 0));
        write(epochs(1, 10, 0));
        assertEquals(epochs(1, 10, 0), read());
        var regrown = new ArrayList<>(epochs(1, 10, 0));
        for (var last = 501; last < 900; last += 37) {
            regrown.subList(10, regrown.size()).clear();
            regrown.addAll(epochs(501, last, 5000));
            write(regrown);
            assertEquals(regrown, read(), "after " + last);
        }
    }

    @Test
    void aDamagedSecondFileCostsOnlyWhatItHeld() throws IOException {
        write(epochs(1, 300, 0));
        var older = folder.resolve(LineageFile.OLDER);
        var bytes = Files.readAllBytes(older);
        bytes[100] ^= 1;
        Files.write(older, bytes);
        var inSlot = LineageCodec.mostEpochs(SlotFile.MAX_VALUE_BYTES);
        assertEquals(epochs(1, 300, 0).subList(300 - inSlot, 300), read());
    }

    /// What is in the slot is enough for all but a replica that parted long ago.
    @Test
    void olderEpochsThatCannotBeReadAreLeftOut() throws IOException {
        write(epochs(1, 200, 0));
        Files.delete(folder.resolve("lineage-older"));
        Files.createDirectory(folder.resolve("lineage-older"));
        var found = read();
        assertEquals(200, found.getLast().epoch());
        assertEquals(LineageCodec.mostEpochs(SlotFile.MAX_VALUE_BYTES), found.size());
    }

    @Test
    void damagesThatCannotBeReadAreNotKnown() throws IOException {
        Files.createDirectory(folder.resolve(DamageFile.NAME));
        try (var directory = FileLogDirectory.open(folder, Buffering.BUFFERED)) {
            assertEquals(List.of(), new DamageFile(directory).read());
        }
    }
}
