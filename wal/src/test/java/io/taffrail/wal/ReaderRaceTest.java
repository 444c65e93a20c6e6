package io.taffrail.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Readers copy from memory that the loop is overwriting: what they return is right, or comes from the file.
class ReaderRaceTest {
    private static final int ENTRIES = 60_000;

    @TempDir
    Path path;

    @Test
    void readersNeverSeeOverwrittenMemory() throws IOException {
        // A memory so small that the loop is always at a reader's heels.
        var config = new WalConfig(1 << 20, 10_000_000, 0, 5, 64 << 10, 0, 0, true);
        var done = new AtomicBoolean();
        try (var log = new WalFixture(path, config);
                var executor = Executors.newFixedThreadPool(2)) {
            var follower = CompletableFuture.supplyAsync(() -> follow(log.wal, done), executor);
            var jumper = CompletableFuture.supplyAsync(() -> jump(log.wal, done), executor);
            try {
                write(log);
            } finally {
                done.set(true);
            }
            assertEquals(ENTRIES, follower.join());
            assertTrue(jumper.join() > 0);
        }
    }

    private static void write(WalFixture log) {
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
            log.wal.append(EntryType.RECORDS, 1, payload);
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

    /// Walks from the start of the log again and again, half a buffer behind the newest bytes.
    private static long jump(Wal wal, AtomicBoolean done) {
        var reader = wal.newReader();
        var target = ByteBuffer.allocate(4 << 10).order(ByteOrder.LITTLE_ENDIAN);
        var checked = 0L;
        while (!done.get()) {
            var received = wal.receivedLsn();
            var wanted = Math.max(0, received - (300 << 10));
            try {
                target.clear();
                reader.read(wanted, Long.MAX_VALUE, target);
            } catch (WalException.OutOfRange e) {
                // Almost always: within an entry.
                checked++;
            }
            if (received > 0) {
                assertEquals(0, reader.header(0).lsn());
                checked++;
            }
        }
        return checked;
    }
}
