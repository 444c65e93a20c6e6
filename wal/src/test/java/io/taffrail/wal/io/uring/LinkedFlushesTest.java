package io.taffrail.wal.io.uring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.wal.io.Errno;
import org.junit.jupiter.api.Test;

class LinkedFlushesTest {
    private static final int SLOT = 7;
    private static final int BYTES = 8192;
    private static final int CANCELLED = -Errno.ECANCELED.number();
    private static final int IO_ERROR = -Errno.EIO.number();

    private final LinkedFlushes flushes = new LinkedFlushes(16);

    @Test
    void isDoneOnlyWhenBothAre() {
        assertEquals(BYTES, combined(BYTES, 0));
    }

    @Test
    void failsWithTheWriteAndNotWithTheFlushThatItCancelled() {
        assertEquals(IO_ERROR, combined(IO_ERROR, CANCELLED));
    }

    @Test
    void failsWithTheFlush() {
        assertEquals(IO_ERROR, combined(BYTES, IO_ERROR));
    }

    @Test
    void answersAShortWriteAsShortWhateverTheFlushSays() {
        assertEquals(4096, combined(4096, CANCELLED));
        assertEquals(4096, combined(4096, 0));
    }

    @Test
    void believesNoFlushThatTheKernelTookWithoutItsWrite() {
        flushes.begin(SLOT, true);
        flushes.severed(SLOT);
        assertTrue(flushes.isFirstOfTwo(SLOT, BYTES));
        assertEquals(CANCELLED, flushes.combined(LinkedFlushes.flushOf(SLOT), 0, BYTES));
    }

    @Test
    void leavesSingleOperationsAsTheyAre() {
        flushes.begin(SLOT, false);
        assertFalse(flushes.isFirstOfTwo(SLOT, BYTES));
        assertEquals(BYTES, flushes.combined(SLOT, BYTES, BYTES));
    }

    private int combined(int write, int flush) {
        flushes.begin(SLOT, true);
        assertTrue(flushes.isFirstOfTwo(SLOT, write));
        assertFalse(flushes.isFirstOfTwo(LinkedFlushes.flushOf(SLOT), flush));
        return flushes.combined(LinkedFlushes.flushOf(SLOT), flush, BYTES);
    }
}
