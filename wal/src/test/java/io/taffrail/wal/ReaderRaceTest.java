package io.taffrail.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Readers copy from memory that the loop is overwriting: what they return is right, or comes from the file.
class ReaderRaceTest {
    private static final int ENTRIES = 60_000;
    private static final int MEMORY_BYTES = 64 << 10;
    /// With 200 bytes on average.
    private static final int ENTRIES_IN_MEMORY = MEMORY_BYTES / (200 + EntryHeader.SIZE_BYTES);

    @TempDir
    Path path;

    @Test
    void readersNeverSeeOverwrittenMemory() throws IOException {
        // A memory so small that the loop is always at a reader's heels.
        var config = new WalConfig(1 << 20, 10_000_000, 0, 5, MEMORY_BYTES, 0, 0, true);
        var done = new AtomicBoolean();
        try (var log = new WalFixture(path, config);
                var executor = Executors.newFixedThreadPool(2)) {
            var follower = CompletableFuture.supplyAsync(() -> follow(log.wal, done), executor);
            var appended = new AtomicInteger();
            var lsns = new AtomicLongArray(ENTRIES);
            var jumper = CompletableFuture.supplyAsync(() -> jump(log.wal, appended, lsns, done), executor);
            try {
                write(log, appended, lsns);
            } finally {
                done.set(true);
            }
            assertEquals(ENTRIES, follower.join());
            var checked = jumper.join();
            assertTrue(checked > 1_000, checked + " entries were read at random places");
        }
    }

    private static void write(WalFixture log, AtomicInteger appended, AtomicLongArray lsns) {
        var payload = ByteBuffer.allocate(400).order(ByteOrder.LITTLE_ENDIAN);
        for (var i = 0L; i < ENTRIES; i++) {
            payload.clear();
            for (var at = 0; at < 400; at += 8) {
                payload.putLong(at, i);
            }
            payload.clear().limit((int) (i % 400));
            while (log.wal.admit(400) != Wal.Admission.ADMITTED) {
                log.wal.requestFlush();
                log.wal.doWork(log.nowNanos);
            }
            lsns.set((int) i, log.wal.receivedLsn());
            log.wal.append(EntryType.RECORDS, 1, payload);
            appended.set((int) i + 1);
        }
        log.flush();
    }

    private static void check(ByteBuffer entries, int at, EntryHeader header, long number) {
        assertEquals(number % 400, header.payloadBytes());
        for (var i = at + EntryHeader.SIZE_BYTES; i + 8 <= at + header.lengthBytes(); i += 8) {
            assertEquals(number, entries.getLong(i));
        }
    }

    private static long follow(Wal wal, AtomicBoolean done) {
        var reader = wal.newReader();
        var target = ByteBuffer.allocate(16 << 10).order(ByteOrder.LITTLE_ENDIAN);
        var lsn = 0L;
        var number = 0L;
        while (true) {
            var last = done.get();
            target.clear();
            var read = reader.read(lsn, Long.MAX_VALUE, target);
            for (var at = 0; at < read; ) {
                var header = EntryHeader.read(target, at);
                assertEquals(lsn, header.lsn());
                check(target, at, header, number++);
                at += header.lengthBytes();
                lsn += header.lengthBytes();
            }
            if (last && read == 0) {
                return number;
            }
        }
    }

    /// Reads at random places, most of them about where the loop overwrites the memory.
    private static long jump(Wal wal, AtomicInteger appended, AtomicLongArray lsns, AtomicBoolean done) {
        var reader = wal.newReader();
        var random = new Random(1);
        var target = ByteBuffer.allocate(4 << 10).order(ByteOrder.LITTLE_ENDIAN);
        var checked = 0L;
        while (!done.get()) {
            var last = appended.get() - 1;
            if (last < 0) {
                continue;
            }
            var number = Math.max(0, last - random.nextInt(2 * ENTRIES_IN_MEMORY));
            var lsn = lsns.get(number);
            target.clear();
            var read = reader.read(lsn, Long.MAX_VALUE, target);
            for (var at = 0; at < read; number++) {
                var header = EntryHeader.read(target, at);
                assertEquals(lsn + at, header.lsn());
                check(target, at, header, number);
                at += header.lengthBytes();
                checked++;
            }
            assertEquals(0, reader.header(0).lsn());
        }
        return checked;
    }
}
