package io.taffrail.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Power is lost while writes are on their way: any part of them may be on the disk.
class TornWriteTest {
    private static final List<String> FLUSHED = List.of("flushed one", "flushed two");

    /// Two groups are flushed, four are on their way, some of them in a new segment.
    private static MemoryLog interrupted() {
        var log = new MemoryLog(new MemoryDirectory(), MemoryLog.CONFIG, 0);
        for (var payload : FLUSHED) {
            log.append(payload);
            log.flush();
        }
        log.io.holds = true;
        for (var i = 0; i < 4; i++) {
            log.append("waiting " + i + "w".repeat(i == 0 ? 3000 : 10));
            log.wal.requestFlush();
            log.wal.doWork(log.nowNanos);
        }
        assertEquals(5, log.io.held.size(), "and the zeros of the next segment");
        return log;
    }

    private static List<String> all() {
        var all = new ArrayList<>(FLUSHED);
        for (var i = 0; i < 4; i++) {
            all.add("waiting " + i + "w".repeat(i == 0 ? 3000 : 10));
        }
        return all;
    }

    @Test
    void recoversAPrefixWhicheverBlocksReachedTheDisk() {
        var log = interrupted();
        var blocks = log.pieces(4096);
        assertTrue(blocks.stream().map(MemoryLog.Piece::file).distinct().count() > 1, "spans two segments");
        for (var subset = 0; subset < 1 << blocks.size(); subset++) {
            var image = log.directory.image();
            for (var i = 0; i < blocks.size(); i++) {
                if ((subset >> i & 1) == 1) {
                    blocks.get(i).apply(image);
                }
            }
            checkRecovery(MemoryDirectory.of(image), "blocks " + Integer.toBinaryString(subset));
        }
    }

    @Test
    void recoversAPrefixWhicheverSectorsReachedTheDisk() {
        var log = interrupted();
        var sectors = log.pieces(512);
        var random = new Random(1);
        for (var round = 0; round < 2000; round++) {
            var image = log.directory.image();
            for (var sector : sectors) {
                if (random.nextInt(4) > 0) {
                    sector.apply(image);
                }
            }
            checkRecovery(MemoryDirectory.of(image), "round " + round);
        }
    }

    @Test
    void recoversAPrefixWhenASectorBecameGarbage() {
        var log = interrupted();
        var sectors = log.pieces(512);
        var random = new Random(2);
        for (var round = 0; round < 2000; round++) {
            var image = log.directory.image();
            sectors.forEach(sector -> sector.apply(image));
            var garbage = new byte[512];
            random.nextBytes(garbage);
            var victim = sectors.get(random.nextInt(sectors.size()));
            new MemoryLog.Piece(victim.file(), victim.position(), ByteBuffer.wrap(garbage)).apply(image);
            checkRecovery(MemoryDirectory.of(image), "round " + round);
        }
    }

    private static void checkRecovery(MemoryDirectory directory, String what) {
        var log = new MemoryLog(directory, MemoryLog.CONFIG, 0);
        var verdict = log.wal.recovery().verdict();
        assertNotEquals(RecoveryReport.Verdict.CORRUPT, verdict, () -> what + log.wal.recovery());
        var found = log.recovered;
        assertTrue(found.size() >= FLUSHED.size(), () -> what + " lost what was flushed: " + found);
        assertEquals(all().subList(0, found.size()), found, what);
        assertEquals(found, log.read(), what);

        // What is appended now ends exactly where a stale block may stand, and must not meet it.
        var expected = new ArrayList<>(found);
        for (var i = found.size(); i < 6; i++) {
            var payload = "another" + i + "w".repeat(i == 2 ? 3001 : 11);
            expected.add(payload);
            log.append(payload);
            log.flush();
            var again = new MemoryLog(MemoryDirectory.of(directory.image()), MemoryLog.CONFIG, log.wal.flushedLsn());
            assertEquals(RecoveryReport.Verdict.CLEAN, again.wal.recovery().verdict(), what);
            assertEquals(expected, again.recovered, what);
        }
    }

    @Test
    void recoversTheSameAfterACrashInRecovery() {
        var log = interrupted();
        var blocks = log.pieces(4096);
        for (var missing = 0; missing < blocks.size(); missing++) {
            var image = log.directory.image();
            for (var i = 0; i < blocks.size(); i++) {
                if (i != missing) {
                    blocks.get(i).apply(image);
                }
            }
            var expected = new MemoryLog(image).recovered;
            for (var changes = 0; ; changes++) {
                var directory = MemoryDirectory.of(image);
                directory.crashAfter(changes);
                try {
                    new MemoryLog(directory, MemoryLog.CONFIG, 0);
                    break;
                } catch (MemoryDirectory.Crash e) {
                    directory.crashAfter(Long.MAX_VALUE);
                }
                var again = new MemoryLog(directory, MemoryLog.CONFIG, 0);
                assertNotEquals(
                        RecoveryReport.Verdict.CORRUPT, again.wal.recovery().verdict());
                assertEquals(expected, again.recovered, "missing " + missing + ", crash after " + changes);
            }
        }
    }
}
