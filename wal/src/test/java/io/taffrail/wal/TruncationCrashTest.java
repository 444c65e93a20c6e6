package io.taffrail.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.wal.record.EntryType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TruncationCrashTest {
    @Test
    void isWholeOrCutWhereverTheProcessDies() {
        var log = new MemoryLog(new MemoryDirectory(), MemoryLog.CONFIG, 0);
        var payloads = new ArrayList<String>();
        var starts = new ArrayList<Long>();
        for (var i = 0; i < 12; i++) {
            for (var part = 0; part < 3; part++) {
                payloads.add("entry " + i + "." + part);
                starts.add(log.append(payloads.getLast()).lsn());
            }
            log.flush();
        }
        log.settle();
        var image = log.directory.image();
        for (var keep : List.of(35, 34, 33, 19, 18, 17, 7, 1, 0)) {
            var cuts = 0;
            for (var changes = 0; ; changes++) {
                var directory = MemoryDirectory.of(image);
                var before = new MemoryLog(directory, MemoryLog.CONFIG, 0);
                before.settle();
                directory.crashAfter(changes);
                var finished = true;
                try {
                    before.wal.truncate(starts.get(keep));
                } catch (MemoryDirectory.Crash e) {
                    finished = false;
                }
                directory.crashAfter(Long.MAX_VALUE);
                var what = "keep " + keep + ", crash after " + changes;
                var after = new MemoryLog(directory, MemoryLog.CONFIG, 0);
                assertNotEquals(
                        RecoveryReport.Verdict.CORRUPT, after.wal.recovery().verdict(), what);
                var whole = after.recovered.size() == payloads.size();
                assertTrue(after.recovered.size() == keep || (whole && !finished), what);
                assertEquals(payloads.subList(0, after.recovered.size()), after.recovered, what);
                after.append("new");
                after.flush();
                var expected = new ArrayList<>(after.recovered);
                expected.add("new");
                var again = new MemoryLog(directory, MemoryLog.CONFIG, after.wal.flushedLsn());
                assertEquals(expected, again.recovered, what);
                cuts += after.recovered.size() == keep ? 1 : 0;
                if (finished) {
                    assertTrue(cuts > 2, "crashes after the cut were tried: " + cuts);
                    break;
                }
            }
        }
    }

    @Test
    void isWholeOrRestartedWhereverTheProcessDies() {
        var log = new MemoryLog(new MemoryDirectory(), MemoryLog.CONFIG, 0);
        for (var i = 0; i < 8; i++) {
            log.append("old " + i);
            log.flush();
        }
        log.settle();
        var image = log.directory.image();
        for (var restartLsn : List.of(0L, 40L, log.wal.receivedLsn(), 1_000_000L)) {
            // Half of it, in one case: what that moves aside is more to be cut short in.
            var divergedLsn = restartLsn == 40 ? log.wal.receivedLsn() / 2 : Long.MAX_VALUE;
            for (var changes = 0; ; changes++) {
                var directory = MemoryDirectory.of(image);
                var before = new MemoryLog(directory, MemoryLog.CONFIG, 0);
                before.settle();
                directory.crashAfter(changes);
                var finished = true;
                try {
                    before.wal.restart(restartLsn, 5, 77, divergedLsn);
                } catch (MemoryDirectory.Crash e) {
                    finished = false;
                }
                directory.crashAfter(Long.MAX_VALUE);
                var what = "restart at " + restartLsn + ", crash after " + changes;
                var after = new MemoryLog(directory, MemoryLog.CONFIG, 0);
                assertNotEquals(
                        RecoveryReport.Verdict.CORRUPT, after.wal.recovery().verdict(), what);
                if (after.recovered.size() == 8) {
                    assertTrue(!finished, what);
                    continue;
                }
                assertEquals(List.of(), after.recovered, what);
                assertEquals(restartLsn, after.wal.startLsn(), what);
                assertEquals(restartLsn, after.wal.flushedLsn(), what);
                assertEquals(77, after.wal.chainCrc(), what);
                assertEquals(5, after.wal.lastEpoch(), what);
                var first = after.wal.append(EntryType.EPOCH_BEGIN, 6, WalFixture.bytes("new"));
                assertEquals(77, first.chainPrevious());
                after.flush();
                assertEquals(
                        List.of("new"), new MemoryLog(directory, MemoryLog.CONFIG, first.endLsn()).recovered, what);
                if (finished) {
                    break;
                }
            }
        }
    }
}
