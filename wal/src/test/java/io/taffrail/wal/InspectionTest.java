package io.taffrail.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.wal.io.LogFile;
import io.taffrail.wal.record.EntryHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;

class InspectionTest {
    private final MemoryLog log = new MemoryLog(new MemoryDirectory(), MemoryLog.CONFIG, 0);

    InspectionTest() {
        for (var i = 0; i < 8; i++) {
            log.append("one " + i);
            log.append("two " + i);
            log.flush();
        }
    }

    private void flip(String name, long position) throws IOException {
        try (LogFile file = log.directory.open(name)) {
            var one = ByteBuffer.allocate(1);
            file.read(one, position);
            one.put(0, (byte) (one.get(0) ^ 4)).flip();
            file.write(one, position);
        }
    }

    @Test
    void showsSegmentsGroupsAndEntries() throws IOException {
        var inspector = new WalInspector(log.directory);
        var segments = inspector.segments();
        assertEquals(4, segments.size());
        assertTrue(segments.getLast().prepared());
        var groups = new ArrayList<WalInspector.GroupSummary>();
        var entries = new ArrayList<EntryHeader>();
        for (var segment : segments.subList(0, 3)) {
            assertNotNull(segment.header());
            var reason = inspector.read(segment.name(), groups::add, entries::add);
            assertTrue(reason.contains("full") || reason.startsWith("zeros"), reason);
        }
        assertEquals(8, groups.size());
        assertEquals(16, entries.size());
        assertEquals(log.wal.receivedLsn(), entries.getLast().endLsn());
        assertEquals(log.wal.chainCrc(), entries.getLast().crc());
    }

    @Test
    void verifiesEveryByteWithoutChangingOne() throws IOException {
        var before = log.directory.image();
        log.directory.crashAfter(0);
        var sound = new WalInspector(log.directory).verify();
        assertEquals(RecoveryReport.Verdict.CLEAN, sound.verdict());
        assertEquals(16, sound.entries());
        assertEquals(log.wal.receivedLsn(), sound.endLsn());
        assertEquals(log.wal.chainCrc(), sound.chainCrc());
        assertEquals(before.keySet(), log.directory.image().keySet());

        log.directory.crashAfter(Long.MAX_VALUE);
        flip("0000000000000001.segment", 4096 + 64 + 40);
        log.directory.crashAfter(0);
        var damaged = new WalInspector(log.directory).verify();
        assertEquals(RecoveryReport.Verdict.CORRUPT, damaged.verdict());
        assertEquals(0, damaged.endLsn());
    }
}
