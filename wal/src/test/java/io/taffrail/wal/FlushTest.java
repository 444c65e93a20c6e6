package io.taffrail.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.wal.record.EntryHeader;
import java.nio.file.FileSystemException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FlushTest {
    private static final int SEGMENT_BYTES = 64 << 10;

    private final MemoryLog log = new MemoryLog(new MemoryDirectory(), config(0, 5), 0);

    private static WalConfig config(long groupCommitDelayNanos, int siblings) {
        return new WalConfig(SEGMENT_BYTES, MemoryLog.DELAY, groupCommitDelayNanos, siblings, 256 << 10, 0, 0, false);
    }

    FlushTest() {
        log.append("first");
        log.flush();
        log.flushed.clear();
        log.io.holds = true;
    }

    private long submit(String payload) {
        var end = log.append(payload).endLsn();
        log.wal.requestFlush();
        log.wal.doWork(log.nowNanos);
        return end;
    }

    @Test
    void reportsFlushedInOrderThoughWritesCompleteOutOfOrder() {
        submit("a");
        var second = submit("b");
        assertEquals(2, log.io.held.size());
        log.io.release(1);
        log.wal.doWork(log.nowNanos);
        assertEquals(List.of(), log.flushed);
        log.io.release(0);
        log.wal.doWork(log.nowNanos);
        assertEquals(List.of(second), log.flushed);
    }

    @Test
    void whatTheDiskDidAtOnceIsFlushedWithinTheTurnForAnOwnerThatMayWait() {
        log.io.holds = false;
        var early = submit("nobody waits");
        assertEquals(List.of(), log.flushed);
        log.wal.mayWaitForDisk(true);
        var end = submit("the owner waits");
        assertEquals(List.of(early, end), log.flushed);
    }

    @Test
    void losesNothingThatWasAppendedWithoutRoom() {
        for (var i = 0; i < 40; i++) {
            submit("unadmitted " + i + "u".repeat(20_000));
        }
        assertEquals(Wal.Admission.QUEUE_FULL, log.wal.admit(10));
        assertEquals(41, log.read().size());
        log.io.holds = false;
        log.io.releaseAll();
        log.settle();
        assertEquals(log.wal.receivedLsn(), log.wal.flushedLsn());
        assertEquals(41, log.read().size());
        assertEquals(41, new MemoryLog(log.directory, config(0, 5), log.wal.flushedLsn()).recovered.size());
    }

    @Test
    void gathersCompanyWhileFourWritesAreOnTheirWay() {
        for (var i = 0; i < 7; i++) {
            submit("g" + i);
        }
        assertEquals(4, log.io.held.size());
        log.io.release(0);
        log.wal.doWork(log.nowNanos);
        assertEquals(4, log.io.held.size());
        log.io.holds = false;
        log.io.releaseAll();
        log.settle();
        assertEquals(log.wal.receivedLsn(), log.wal.flushedLsn());
        assertEquals(6, log.wal.stats().flushes(), "the first, four, and three in one");
    }

    @Test
    void neverCountsAnythingAfterAFailedFlush() {
        var before = log.wal.flushedLsn();
        submit("lost");
        submit("written");
        log.io.release(1);
        log.io.fail(0, 5, "Input/output error");
        log.settle();
        assertEquals(1, log.failures.size());
        assertTrue(log.failures.getFirst().contains("Input/output error (errno 5)"), log.failures.toString());
        assertEquals(before, log.wal.flushedLsn());
        assertEquals(List.of(), log.flushed);
        assertEquals(Wal.Admission.FAILED, log.wal.admit(1));
        assertThrows(IllegalStateException.class, () -> log.append("no more"));
        log.nowNanos += 100 * MemoryLog.DELAY;
        log.settle();
        assertEquals(List.of(), log.io.held);
        assertEquals(1, log.failures.size());
    }

    @Test
    void waitsForCompanyOnlyWhenEnoughCommitsWait() {
        var delay = 1_000_000L;
        log.wal.reconfigure(config(delay, 2));
        log.append("alone");
        log.wal.requestFlush();
        log.wal.doWork(log.nowNanos);
        assertEquals(1, log.io.held.size());
        for (var i = 0; i < 3; i++) {
            log.append("company");
            log.wal.requestFlush();
        }
        log.wal.doWork(log.nowNanos);
        assertEquals(1, log.io.held.size());
        assertEquals(log.nowNanos + delay, log.wal.nextWorkNanos());
        log.nowNanos += delay;
        log.wal.doWork(log.nowNanos);
        assertEquals(2, log.io.held.size());
    }

    @Test
    void aRequestIsDueAtATimeThatAnOwnerCanCountFrom() {
        var turn = log.nowNanos;
        log.nowNanos += 5;
        log.append("now");
        log.wal.requestFlush();
        assertEquals(log.nowNanos, log.wal.nextWorkNanos());
        log.wal.doWork(turn);
        assertEquals(1, log.io.held.size(), "a turn that began before it flushes it all the same");
    }

    @Test
    void refusesAppendsWhileTheDiskIsFullAndTakesThemWhenItIsNot() {
        log.io.holds = false;
        log.settle();
        log.directory.freeBytes = 2L * SEGMENT_BYTES - 1;
        log.nowNanos += 1_000_000_000;
        log.wal.doWork(log.nowNanos);
        assertEquals(Wal.Admission.DISK_FULL, log.wal.admit(10));
        assertTrue(log.wal.nextWorkNanos() <= log.nowNanos + 1_000_000_000);
        log.directory.freeBytes = 2L * SEGMENT_BYTES;
        log.nowNanos += 1_000_000_000;
        log.wal.doWork(log.nowNanos);
        assertEquals(Wal.Admission.ADMITTED, log.wal.admit(10));
    }

    @Test
    void cutsNothingWhileTheDiskIsFullAndCutsWhenItIsNot() {
        log.io.holds = false;
        var first = log.append("a").endLsn();
        var second = log.append("b").endLsn();
        log.append("c");
        log.wal.requestFlush();
        log.settle();
        log.directory.freeBytes = 0;
        var noCopy = assertThrows(WalException.NoRoom.class, () -> log.wal.truncate(second));
        assertTrue(String.valueOf(noCopy.getMessage()).contains("no room for a copy"), noCopy.getMessage());
        log.directory.freeBytes = SEGMENT_BYTES / 2;
        log.wal.truncate(second);
        var full = assertThrows(WalException.NoRoom.class, () -> log.wal.truncate(first));
        assertTrue(String.valueOf(full.getMessage()).contains("no room for segment"), full.getMessage());
        assertEquals(second, log.wal.receivedLsn());
        assertEquals(List.of(), log.failures);
        log.directory.freeBytes = Long.MAX_VALUE;
        log.nowNanos += 1_000_000_000;
        log.wal.truncate(first);
        assertEquals(first, log.wal.receivedLsn());
    }

    @Test
    void survivesAFullDiskWhilePreparingASegment() {
        submit("x".repeat(40_000));
        submit("y".repeat(40_000));
        log.wal.doWork(log.nowNanos);
        assertEquals(3, log.io.held.size(), "two groups, and the zeros of a segment");
        log.io.fail(2, 28, "No space left on device");
        log.settle();
        assertEquals(List.of(), log.failures);
        assertEquals(Wal.Admission.DISK_FULL, log.wal.admit(10));
        assertEquals(2, log.directory.list().size(), "the unfinished segment is gone");
        log.io.releaseAll();
        log.settle();
        assertEquals(log.wal.receivedLsn(), log.wal.flushedLsn(), "what was taken is flushed");
        log.io.holds = false;
        log.nowNanos += 1_000_000_000;
        log.settle();
        assertEquals(Wal.Admission.ADMITTED, log.wal.admit(10));
        assertEquals(3, log.directory.list().size());
    }

    @Test
    void tellsWhatKeepsItFromMakingASegmentAndTakesAppendsWhenItCan() {
        log.io.holds = false;
        log.directory.createFailure = new FileSystemException("0000000000000002.segment", null, "Too many open files");
        log.append("x".repeat(40_000));
        log.append("y".repeat(40_000));
        log.wal.requestFlush();
        log.settle();
        assertEquals(List.of(), log.failures);
        assertEquals(Wal.Admission.NO_SEGMENT, log.wal.admit(10));
        var why = String.valueOf(log.wal.hindrance());
        assertTrue(why.contains("EMFILE, Too many open files: raise RLIMIT_NOFILE (ulimit -n)"), why);
        log.directory.createFailure = null;
        log.nowNanos += 1_000_000_000;
        log.settle();
        assertEquals(Wal.Admission.ADMITTED, log.wal.admit(10));
        assertNull(log.wal.hindrance());
        log.wal.requestFlush();
        log.settle();
        assertEquals(log.wal.receivedLsn(), log.wal.flushedLsn(), "what was taken is flushed");
    }

    /// As a follower appends them.
    @Test
    void theLeadersEntriesMayUseTheReserveAndWaitWhenNothingCanBeFlushedAnyMore() {
        log.io.holds = false;
        log.directory.createFailure = new FileSystemException("0000000000000002.segment", null, "Too many open files");
        var length = EntryHeader.SIZE_BYTES + 10_000;
        for (var i = 0; i < 100 && log.wal.admitEncoded(length) == Wal.Admission.ADMITTED; i++) {
            log.append("x".repeat(10_000));
            log.flush();
        }
        assertEquals(Wal.Admission.NO_SEGMENT, log.wal.admit(10));
        assertEquals(Wal.Admission.QUEUE_FULL, log.wal.admitEncoded(length));
        var pending = log.wal.receivedLsn() - log.wal.flushedLsn();
        assertTrue(pending > 0 && pending <= log.config.pendingBytes(), () -> pending + " bytes are pending");
        log.directory.createFailure = null;
        log.directory.freeBytes = 2L * log.config.segmentBytes() - 1;
        log.nowNanos += 1_000_000_000;
        for (var segments = 0; segments < 10; segments++) {
            log.directory.freeBytes = 2L * log.config.segmentBytes() - 1;
            log.flush();
        }
        assertEquals(log.wal.receivedLsn(), log.wal.flushedLsn());
        assertEquals(Wal.Admission.DISK_FULL, log.wal.admit(10));
        assertEquals(Wal.Admission.ADMITTED, log.wal.admitEncoded(length));
    }

    @Test
    void whatFreesRoomMayUseTheReserveAndNoMoreThanThePendingBytes() {
        log.settle();
        log.directory.freeBytes = 2L * SEGMENT_BYTES - 1;
        log.nowNanos += 1_000_000_000;
        log.wal.doWork(log.nowNanos);
        var trims = 0;
        for (; log.wal.admitFromReserve(10_000) == Wal.Admission.ADMITTED; trims++) {
            log.append("x".repeat(10_000));
        }
        assertTrue(trims > 0);
        assertEquals(Wal.Admission.QUEUE_FULL, log.wal.admitFromReserve(10_000));
        assertEquals(Wal.Admission.DISK_FULL, log.wal.admit(10_000));
        assertEquals(Wal.Admission.TOO_LARGE, log.wal.admit(log.config.maxEntryBytes()));
        var pending = log.wal.receivedLsn() - log.wal.flushedLsn();
        assertTrue(pending <= log.config.pendingBytes(), () -> pending + " bytes are pending");
    }

    @Test
    void stopsReportingWhileAFlushStalls() {
        log.append("a");
        log.nowNanos += MemoryLog.DELAY;
        log.wal.doWork(log.nowNanos);
        var reported = log.wal.receivedLsn();
        assertEquals(reported, log.wal.reportableLsn());
        log.nowNanos += MemoryLog.DELAY + 1;
        var late = log.append("b").endLsn();
        log.wal.doWork(log.nowNanos);
        assertEquals(reported, log.wal.reportableLsn());
        log.io.holds = false;
        log.io.releaseAll();
        log.settle();
        assertEquals(late, log.wal.reportableLsn());
    }

    @Test
    void reportsNothingMoreInATurnThatStoodStill() {
        log.append("a");
        log.wal.doWork(log.nowNanos);
        var reported = log.wal.receivedLsn();
        assertEquals(reported, log.wal.reportableLsn());
        var late = log.append("b").endLsn();
        var turnBegan = log.nowNanos;
        log.nowNanos += 2 * MemoryLog.DELAY + 1;
        log.wal.doWork(turnBegan);
        assertEquals(reported, log.wal.reportableLsn());
        log.io.holds = false;
        log.settle();
        assertEquals(late, log.wal.reportableLsn());
    }

    /// What is reported and not flushed never spans more than three delays, whatever the disk does.
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void keepsTheRiskWindow(long seed) {
        var random = new Random(seed);
        // Arrival time by LSN, kept by the test itself.
        var arrivals = new java.util.TreeMap<Long, Long>();
        for (var step = 0; step < 5000; step++) {
            log.nowNanos += random.nextLong(MemoryLog.DELAY / 3);
            if (log.wal.admit(20) == Wal.Admission.ADMITTED) {
                arrivals.put(log.append("r" + step).lsn(), log.nowNanos);
            }
            if (random.nextInt(20) == 0) {
                log.wal.requestFlush();
            }
            if (random.nextInt(step % 1000 < 300 ? 100 : 3) == 0) {
                while (!log.io.held.isEmpty()) {
                    log.io.release(random.nextInt(log.io.held.size()));
                }
            }
            var before = log.wal.reportableLsn();
            log.wal.doWork(log.nowNanos);
            var reportable = log.wal.reportableLsn();
            assertTrue(log.wal.flushedLsn() <= reportable && reportable <= log.wal.receivedLsn());
            var oldest = arrivals.ceilingEntry(log.wal.flushedLsn());
            if (reportable > before && oldest != null && oldest.getKey() < reportable) {
                assertTrue(log.nowNanos - oldest.getValue() <= 3 * MemoryLog.DELAY, "at step " + step);
            }
        }
        assertTrue(log.wal.stats().riskWindowNanos() <= 3 * MemoryLog.DELAY);
        assertTrue(log.wal.stats().riskWindowNanos() > 0);
    }
}
