package io.taffrail.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.replication.CatchUpPace.Appends;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

class CatchUpPaceTest {
    private static final int PIECE_BYTES = 256 << 10;
    private static final long TICK_NANOS = 20_000_000;
    private static final long MILLI_NANOS = 1_000_000;
    private static final long LEAST = CatchUpPace.LEAST_BYTES_PER_SECOND;
    private static final long MOST = CatchUpPace.MOST_BYTES_PER_SECOND;

    // A clock may begin anywhere.
    private long now = -TICK_NANOS;
    private final CatchUpPace pace = new CatchUpPace(now);
    private long due = now;
    private boolean readInTick;
    private boolean awaited;
    private long readBytes;
    private long acknowledged;
    private long waitedNanos;
    private long endLsn;

    /// @param appends a tick, each acknowledged after what `wait` makes of whether something was read meanwhile (1)
    /// or not
    private void run(double seconds, boolean behind, int appends, int appendBytes, LongUnaryOperator wait) {
        for (var tick = 0; tick < seconds * 1e9 / TICK_NANOS; tick++) {
            var end = now + TICK_NANOS;
            readInTick = false;
            while (behind && now < end) {
                var pause = pace.pauseNanos(now, due);
                if (pause <= 0) {
                    due = pace.reads(now, due, PIECE_BYTES);
                    readInTick = true;
                    readBytes += PIECE_BYTES;
                }
                // No disk gives more.
                now += Math.min(Math.max(pause, MILLI_NANOS / 4), end - now);
            }
            now = end;
            acknowledged += appends;
            waitedNanos += appends * wait.applyAsLong(readInTick ? 1 : 0);
            endLsn += (long) appends * appendBytes;
            pace.turn(now, new Appends(acknowledged, waitedNanos, false, endLsn), awaited);
        }
    }

    private void undisturbed(double seconds) {
        run(seconds, false, 20, 100, reads -> MILLI_NANOS);
    }

    @Test
    void isAsFastAsItGoesWhileNobodyAppends() {
        run(2, true, 0, 0, reads -> 0);
        assertEquals(MOST, pace.bytesPerSecond());
    }

    @Test
    void isAsFastAsItGoesWhileAppendsWaitNoLonger() {
        undisturbed(1);
        run(10, true, 20, 100, reads -> MILLI_NANOS);
        assertEquals(MOST, pace.bytesPerSecond());
    }

    @Test
    void givesWayWhileAppendsWaitLonger() {
        undisturbed(1);
        run(10, true, 20, 100, reads -> MILLI_NANOS + reads * 5 * MILLI_NANOS);
        assertEquals(LEAST, pace.bytesPerSecond());
        run(1, false, 0, 0, reads -> 0);
        run(2, true, 0, 0, reads -> 0);
        assertEquals(MOST, pace.bytesPerSecond(), "the appends are over");
    }

    @Test
    void nothingHoldsUpWhatAMajorityWaitsFor() {
        undisturbed(1);
        run(2, true, 20, 100, reads -> MILLI_NANOS + reads * 50 * MILLI_NANOS);
        assertEquals(LEAST, pace.bytesPerSecond());
        awaited = true;
        readBytes = 0;
        run(1, true, 20, 100, reads -> MILLI_NANOS + reads * 50 * MILLI_NANOS);
        assertEquals(MOST, pace.bytesPerSecond());
        assertTrue(readBytes > LEAST * 20, "without rests: " + readBytes);
        awaited = false;
        run(2, true, 20, 100, reads -> MILLI_NANOS + reads * 50 * MILLI_NANOS);
        assertTrue(pace.bytesPerSecond() < MOST / 64, "and it gives way again: " + pace.bytesPerSecond());
    }

    @Test
    void findsTheSpeedAtWhichAppendsHardlyWait() {
        undisturbed(1);
        var free = 100L << 20;
        run(20, true, 20, 100, reads -> MILLI_NANOS + (pace.bytesPerSecond() > free ? reads * 10 * MILLI_NANOS : 0));
        assertTrue(
                pace.bytesPerSecond() > free / 2 && pace.bytesPerSecond() < free * 3 / 2, "" + pace.bytesPerSecond());
    }

    @Test
    void whatReallyIsReadKeepsToIt() {
        undisturbed(1);
        run(2, true, 20, 100, reads -> MILLI_NANOS + reads * 5 * MILLI_NANOS);
        readBytes = 0;
        run(10, true, 20, 100, reads -> MILLI_NANOS + reads * 5 * MILLI_NANOS);
        assertTrue(readBytes > LEAST * 8 && readBytes < LEAST * 11, readBytes + " bytes in 10 s");
    }

    @Test
    void isFasterThanTheLogGrowsWhateverAppendsWait() {
        undisturbed(1);
        var bytesPerSecond = 2_000 * 50L * 1_000;
        run(5, true, 2_000, 1_000, reads -> MILLI_NANOS + reads * 50 * MILLI_NANOS);
        assertTrue(pace.bytesPerSecond() > bytesPerSecond * 5 / 4, "" + pace.bytesPerSecond());
        readBytes = 0;
        run(5, true, 2_000, 1_000, reads -> MILLI_NANOS + reads * 50 * MILLI_NANOS);
        assertTrue(readBytes > bytesPerSecond * 5 * 5 / 4, readBytes + " bytes in 5 s");
    }

    @Test
    void aWaitThatHasOtherReasonsDoesNotSlowItForLong() {
        undisturbed(1);
        run(20, true, 20, 100, reads -> 30 * MILLI_NANOS);
        assertTrue(pace.bytesPerSecond() > 8 * LEAST, "" + pace.bytesPerSecond());
    }

    @Test
    void findsOutWhatIsUsualIfItBeginsAtOnce() {
        run(10, true, 20, 100, reads -> MILLI_NANOS);
        assertTrue(pace.bytesPerSecond() > 8 * LEAST, "" + pace.bytesPerSecond());
        run(10, true, 20, 100, reads -> MILLI_NANOS + reads * 5 * MILLI_NANOS);
        assertEquals(LEAST, pace.bytesPerSecond());
    }

    @Test
    void judgesByFewAppendsToo() {
        // One in 200 ms.
        for (var round = 0; round < 100; round++) {
            run(0.18, true, 0, 0, reads -> 0);
            run(0.02, true, 1, 100, reads -> MILLI_NANOS);
        }
        assertTrue(pace.bytesPerSecond() >= LEAST);
        assertTrue(readBytes > LEAST * 10, "it goes on: " + readBytes);
    }
}
