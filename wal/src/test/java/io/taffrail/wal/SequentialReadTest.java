package io.taffrail.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// A reader that goes from an entry to the next asks the disk for each byte once, whatever its pieces have to do with
/// the groups that were flushed together.
class SequentialReadTest {
    private static final int SEGMENT_BYTES = 4 << 20;
    private static final WalConfig CONFIG = new WalConfig(SEGMENT_BYTES, MemoryLog.DELAY, 0, 5, 2 << 20, 0, 0, false);
    private static final int PIECE_BYTES = 256 << 10;
    private static final int LOG_BYTES = 3 * SEGMENT_BYTES;
    /// Smaller than a block, and larger than what is read at once.
    private static final int[] GROUP_BYTES = {1_000, 100 << 10, 300 << 10, 1200 << 10};

    @Test
    void nothingIsReadTwice() {
        var written = new MemoryLog(MemoryDirectory.of(Map.of()), CONFIG, 0);
        var random = new Random(1);
        var lsns = new ArrayList<Long>();
        for (var group = 0; written.wal.receivedLsn() < LOG_BYTES; group++) {
            var end = written.wal.receivedLsn() + GROUP_BYTES[group % GROUP_BYTES.length];
            while (written.wal.receivedLsn() < end) {
                lsns.add(written.append("x".repeat(random.nextInt(1, 40_000))).lsn());
            }
            written.flush();
        }

        // Has nothing in memory.
        var log = new MemoryLog(written.directory, CONFIG, 0);
        log.directory.bytesRead = 0;
        var reader = log.wal.newReader();
        var target = ByteBuffer.allocate(PIECE_BYTES);
        var pieces = new ArrayList<Long>();
        for (var lsn = log.wal.startLsn(); lsn < log.wal.receivedLsn(); ) {
            target.clear();
            pieces.add(lsn);
            lsn += reader.read(lsn, Long.MAX_VALUE, target);
        }

        assertTrue(lsns.containsAll(pieces.subList(1, pieces.size())));
        assertTrue(pieces.size() > LOG_BYTES / PIECE_BYTES);
        // A block in front of each segment, and what fills the last block of each group.
        assertEquals(1, log.directory.bytesRead / (double) log.wal.receivedLsn(), 0.1);
    }
}
