package io.taffrail.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import io.taffrail.wal.segment.SegmentName;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WalTest {
    @TempDir
    Path path;

    @Test
    void keepsWhatWasFlushed() throws IOException {
        try (var log = new WalFixture(path, WalFixture.SMALL)) {
            var first = log.append("one");
            var second = log.append("two");
            assertEquals(0, first.lsn());
            assertEquals(first.endLsn(), second.lsn());
            assertEquals(first.crc(), second.chainPrevious());
            log.flush();
            assertEquals(List.of(second.endLsn()), log.flushed);
            var chain = log.wal.chainCrc();
            log.wal.close();

            log.open(WalFixture.SMALL, second.endLsn(), 0);
            assertEquals(RecoveryReport.Verdict.CLEAN, log.wal.recovery().verdict());
            assertEquals(List.of("one", "two"), log.recovered);
            assertEquals(second.endLsn(), log.wal.flushedLsn());
            assertEquals(chain, log.wal.chainCrc());
            assertEquals(1, log.wal.lastEpoch());
        }
    }

    @Test
    void flushesUnaskedAfterTheWriterDelay() throws IOException {
        try (var log = new WalFixture(path, WalFixture.SMALL)) {
            log.wal.doWork(log.nowNanos);
            while (log.wal.doWork(log.nowNanos) > 0) {
                // prepares the first segment
            }
            assertEquals(Long.MAX_VALUE, log.wal.nextWorkNanos());
            var end = log.append("x").endLsn();
            assertEquals(log.nowNanos + 10_000_000, log.wal.nextWorkNanos());
            log.nowNanos += 9_999_999;
            log.wal.doWork(log.nowNanos);
            log.wal.doWork(log.nowNanos);
            assertEquals(0, log.wal.flushedLsn());
            assertEquals(end, log.wal.reportableLsn());
            log.nowNanos += 1;
            log.wal.doWork(log.nowNanos);
            log.wal.doWork(log.nowNanos);
            assertEquals(end, log.wal.flushedLsn());
        }
    }

    @Test
    void readsEveryEntryFromMemoryAndFromFilesOverManySegments() throws IOException {
        try (var log = new WalFixture(path, WalFixture.SMALL)) {
            var payloads = new ArrayList<String>();
            var starts = new ArrayList<Long>();
            for (var i = 0; i < 3000; i++) {
                var payload = i + "-" + "x".repeat(i % 700);
                while (log.wal.admit(payload.length()) == Wal.Admission.QUEUE_FULL) {
                    log.flush();
                }
                payloads.add(payload);
                starts.add(log.append(payload).lsn());
                if (i % 7 == 0) {
                    log.flush();
                }
            }
            assertTrue(log.wal.stats().segments() > 10, log.wal.stats().toString());
            var reader = log.wal.newReader();
            assertEquals(payloads, log.readAll(reader, 0));
            for (var i = 2999; i >= 0; i -= 13) {
                assertEquals(starts.get(i), reader.header(starts.get(i)).lsn());
                var wrong = starts.get(i) + 5;
                assertThrows(WalException.OutOfRange.class, () -> reader.header(wrong));
            }
            log.wal.close();
            log.open(WalFixture.SMALL, 0, starts.get(1500));
            assertEquals(payloads.subList(1500, 3000), log.recovered);
            assertEquals(payloads, log.readAll(log.wal.newReader(), 0));
        }
    }

    @Test
    void saysWhatIsNotInMemoryInsteadOfReadingAFile() throws IOException {
        try (var log = new WalFixture(path, WalFixture.SMALL)) {
            var lsn = 0L;
            for (var i = 0; i < 3000; i++) {
                lsn = log.append(i + "-" + "x".repeat(500)).lsn();
                log.flush();
            }
            var reader = log.wal.newReader();
            var target = ByteBuffer.allocate(1000);
            assertEquals(WalReader.NOT_IN_MEMORY, reader.readCached(0, Long.MAX_VALUE, target));
            assertEquals(0, target.position());
            var end = log.wal.receivedLsn();
            assertEquals(end - lsn, reader.readCached(lsn, Long.MAX_VALUE, target));
            assertEquals(lsn, EntryHeader.read(target, 0).lsn());
            assertEquals(0, reader.readCached(end, Long.MAX_VALUE, target));
            var wrong = lsn + 5;
            assertThrows(WalException.OutOfRange.class, () -> reader.readCached(wrong, Long.MAX_VALUE, target));
            assertThrows(WalException.OutOfRange.class, () -> reader.readCached(end + 1, Long.MAX_VALUE, target));
        }
    }

    @Test
    void refusesReadsBelowAndAboveTheLog() throws IOException {
        try (var log = new WalFixture(path, WalFixture.SMALL)) {
            var end = log.append("one").endLsn();
            var reader = log.wal.newReader();
            var target = ByteBuffer.allocate(100);
            assertThrows(WalException.OutOfRange.class, () -> reader.read(end + 1, Long.MAX_VALUE, target));
            assertThrows(WalException.OutOfRange.class, () -> reader.read(-1, Long.MAX_VALUE, target));
            assertThrows(WalException.OutOfRange.class, () -> reader.read(4, Long.MAX_VALUE, target));
            assertEquals(0, reader.read(end, Long.MAX_VALUE, target));
            assertEquals(0, reader.read(0, end - 1, target));
            assertEquals(end, reader.read(0, end, target));
        }
    }

    @Test
    void takesTheEntriesOfAnotherReplicaAsTheyStand() throws IOException {
        try (var log = new WalFixture(path.resolve("a"), WalFixture.SMALL);
                var other = new WalFixture(path.resolve("b"), WalFixture.SMALL)) {
            log.append("one");
            log.append("two");
            var bytes = ByteBuffer.allocate(1000);
            log.wal.newReader().read(0, Long.MAX_VALUE, bytes);
            bytes.flip();
            var cut = bytes.duplicate().limit(bytes.limit() - 1);
            assertThrows(WalException.BadEntry.class, () -> other.wal.appendEncoded(cut));
            assertEquals(0, other.wal.receivedLsn());
            other.wal.appendEncoded(bytes);
            assertEquals(log.wal.chainCrc(), other.wal.chainCrc());
            assertEquals(List.of("one", "two"), other.readAll(other.wal.newReader(), 0));
            assertThrows(WalException.BadEntry.class, () -> other.wal.appendEncoded(bytes));
        }
    }

    @Test
    void trimsWholeSegmentsButNeverTheLastTwo() throws IOException {
        try (var log = new WalFixture(path, WalFixture.SMALL)) {
            for (var i = 0; i < 20; i++) {
                log.append("y".repeat(30_000));
                log.flush();
            }
            var last = log.wal.receivedLsn();
            log.wal.trim(70_000);
            assertEquals(2 * (30_000 + EntryHeader.SIZE_BYTES), log.wal.startLsn());
            log.wal.trim(last);
            assertEquals(2, log.wal.stats().segments());
            var start = log.wal.startLsn();
            assertThrows(
                    WalException.OutOfRange.class, () -> log.wal.newReader().header(start - 1));
            log.wal.close();
            log.open(WalFixture.SMALL, last, 0);
            assertEquals(start, log.wal.startLsn());
            assertEquals(last, log.wal.receivedLsn());
            assertEquals(RecoveryReport.Verdict.CLEAN, log.wal.recovery().verdict());
        }
    }

    @Test
    void cutsAtAnyEntryAndGoesOn() throws IOException {
        try (var log = new WalFixture(path, WalFixture.SMALL)) {
            var starts = new ArrayList<Long>();
            for (var i = 0; i < 300; i++) {
                starts.add(log.append(i + "z".repeat(1000)).lsn());
                if (i % 9 == 8) {
                    log.flush();
                }
            }
            log.flush();
            for (var keep : List.of(290, 250, 249, 100, 99, 5, 1, 0)) {
                var wrong = starts.get(keep) + 1;
                assertThrows(WalException.OutOfRange.class, () -> log.wal.truncate(wrong));
                log.wal.truncate(starts.get(keep));
                assertEquals(keep, log.readAll(log.wal.newReader(), 0).size());
                log.wal.close();
                log.open(WalFixture.SMALL, starts.get(keep), 0);
                assertEquals(
                        RecoveryReport.Verdict.CLEAN,
                        log.wal.recovery().verdict(),
                        log.wal.recovery().detail());
                assertEquals(keep, log.recovered.size());
                assertEquals(starts.get(keep), log.append("new").lsn());
                log.flush();
                assertEquals(keep + 1, log.readAll(log.wal.newReader(), 0).size());
            }
        }
    }

    @Test
    void refusesLowerEpochs() throws IOException {
        try (var log = new WalFixture(path, WalFixture.SMALL)) {
            log.wal.append(EntryType.EPOCH_BEGIN, 7, WalFixture.bytes("e"));
            assertThrows(IllegalArgumentException.class, () -> log.append("epoch 1"));
            assertEquals(7, log.wal.lastEpoch());
        }
    }

    @Test
    void admitsOnlyWhatFits() throws IOException {
        try (var log = new WalFixture(path, WalFixture.SMALL)) {
            assertEquals(Wal.Admission.TOO_LARGE, log.wal.admit(64 << 10));
            var largest = (64 << 10) - 4096 - 64 - EntryHeader.SIZE_BYTES;
            assertEquals(Wal.Admission.ADMITTED, log.wal.admit(largest));
            log.append("m".repeat(largest));
            while (log.wal.admit(1000) == Wal.Admission.ADMITTED) {
                log.append("n".repeat(1000));
            }
            assertEquals(Wal.Admission.QUEUE_FULL, log.wal.admit(1000));
            log.flush();
            assertEquals(Wal.Admission.ADMITTED, log.wal.admit(1000));
            log.wal.close();
            log.open(WalFixture.SMALL, 0, 0);
            assertEquals(log.wal.receivedLsn(), log.wal.flushedLsn());
        }
    }

    /// Segments of three groups each.
    @Test
    void aRestartMovesAsideWhatMayBeNowhereElse() throws IOException {
        var config = new WalConfig(16 << 10, 10_000_000, 0, 5, 256 << 10, 0, 0, true);
        for (var divergedEntry : List.of(0, 4, 7, 12)) {
            var folder = path.resolve("diverged-" + divergedEntry);
            try (var log = new WalFixture(folder, config)) {
                var ends = new ArrayList<Long>(List.of(0L));
                for (var i = 0; i < 12; i++) {
                    log.append("entry " + i + "o".repeat(2000));
                    log.flush();
                    ends.add(log.wal.receivedLsn());
                }
                log.wal.restart(1_000_000, 5, 77, ends.get(divergedEntry));
                assertEquals(1_000_000, log.wal.receivedLsn());
                var aside = log.directory.subdirectory("diverged").list();
                assertEquals(4 - divergedEntry / 3, aside.size());
                var kept = new ArrayList<Integer>();
                for (var name : aside) {
                    var text = Files.readString(folder.resolve("diverged").resolve(name), StandardCharsets.ISO_8859_1);
                    for (var i = 0; i < 12; i++) {
                        if (text.contains("entry " + i + "o")) {
                            kept.add(i);
                        }
                    }
                }
                assertEquals(IntStream.range(divergedEntry / 3 * 3, 12).boxed().toList(), kept);
            }
        }
    }

    /// The old copies are holes of half the limit each.
    @Test
    void copiesOfWhatWasCutOffDoNotFillTheDisk() throws IOException {
        try (var log = new WalFixture(path, WalFixture.SMALL)) {
            log.append("kept");
            log.flush();
            var cut = log.wal.receivedLsn();
            log.append("cut off");
            log.flush();
            var diverged = Files.createDirectories(path.resolve("diverged"));
            // By age: the number of the segment counts, not the LSN.
            var older = "00000000000000ff-0000000000000001.blocks";
            var newer = "0000000000000000-0000000000000002.blocks";
            for (var name : List.of(older, newer, "of-somebody-else")) {
                try (var file = new RandomAccessFile(diverged.resolve(name).toFile(), "rw")) {
                    file.setLength(256 << 20);
                }
            }
            log.wal.truncate(cut);
            var left = log.directory.subdirectory("diverged").list();
            assertEquals(3, left.size(), left::toString);
            assertFalse(left.contains(older), left::toString);
        }
    }

    @Test
    void keepsOneSegmentPreparedAhead() throws IOException {
        try (var log = new WalFixture(path, WalFixture.SMALL)) {
            log.append("one");
            log.flush();
            while (log.wal.doWork(log.nowNanos) > 0) {
                // prepares the next one
            }
            assertEquals(List.of(SegmentName.of(1), SegmentName.of(2)), log.directory.list());
        }
    }

    @Test
    void readsMoreSegmentsThanItKeepsOpen() throws IOException {
        var config = new WalConfig(16 << 10, 10_000_000, 0, 5, 256 << 10, 0, 0, true);
        try (var log = new WalFixture(path, config)) {
            for (var i = 0; i < 300; i++) {
                log.append(i + "o".repeat(7000));
                log.flush();
            }
            var reader = log.wal.newReader();
            for (var round = 0; round < 2; round++) {
                assertEquals(300, log.readAll(reader, 0).size());
            }
            try (var descriptors = Files.list(Path.of("/proc/self/fd"))) {
                var open = descriptors.filter(this::isSegment).count();
                assertTrue(open <= 140, open + " files are open");
            }
        }
    }

    @Test
    void aStartThatReplaysALongLogHoldsFewFilesOpen() {
        var before = new MemoryLog(new MemoryDirectory(), MemoryLog.CONFIG, 0);
        for (var i = 0; i < 300; i++) {
            before.append(i + "o".repeat(7000));
            before.flush();
        }
        var image = before.directory.image();
        var whole = MemoryDirectory.of(image);
        assertEquals(300, new MemoryLog(whole, MemoryLog.CONFIG, 0).recovered.size());
        assertTrue(whole.mostOpenFiles <= 5, whole.mostOpenFiles + " files were open at once");

        image.values().iterator().next()[8192 + 70] ^= 1;
        var damaged = MemoryDirectory.of(image);
        var corrupt = new MemoryLog(damaged, MemoryLog.CONFIG, 0).wal.recovery();
        assertEquals(RecoveryReport.Verdict.CORRUPT, corrupt.verdict());
        assertTrue(damaged.mostOpenFiles <= 5, damaged.mostOpenFiles + " files were open at once");
    }

    private boolean isSegment(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().endsWith(".segment");
        } catch (IOException e) {
            return false;
        }
    }
}
