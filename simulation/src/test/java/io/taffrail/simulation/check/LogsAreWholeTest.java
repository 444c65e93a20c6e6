package io.taffrail.simulation.check;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import org.junit.jupiter.api.Test;

/// What may follow what in a log.
class LogsAreWholeTest {
    private static final EntryHeader BEFORE = header(100, 2, 7, EntryType.RECORDS);

    private static EntryHeader header(long lsn, long epoch, int chainPrevious, EntryType type) {
        return new EntryHeader(8, 100, lsn, epoch, chainPrevious, type);
    }

    private static void breaks(EntryHeader header) {
        assertThrows(InvariantViolation.class, () -> LogsAreWhole.check("node 0", BEFORE, header));
    }

    @Test
    void acceptsTheSameEpochAndTheNext() {
        assertDoesNotThrow(() -> {
            LogsAreWhole.check("node 0", null, BEFORE);
            LogsAreWhole.check("node 0", BEFORE, header(200, 2, 8, EntryType.RECORDS));
            LogsAreWhole.check("node 0", BEFORE, header(200, 5, 8, EntryType.EPOCH_BEGIN));
        });
    }

    @Test
    void refusesAHole() {
        breaks(header(300, 2, 8, EntryType.RECORDS));
    }

    @Test
    void refusesAnotherChain() {
        breaks(header(200, 2, 9, EntryType.RECORDS));
    }

    @Test
    void refusesAnEpochThatFalls() {
        breaks(header(200, 1, 8, EntryType.RECORDS));
    }

    @Test
    void refusesAnEpochWithoutItsBeginning() {
        breaks(header(200, 3, 8, EntryType.RECORDS));
    }

    @Test
    void refusesASecondBeginning() {
        breaks(header(200, 2, 8, EntryType.EPOCH_BEGIN));
    }
}
