package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class DiskPaceTest {
    private static final long SECOND = 1_000_000_000;
    private static final long MILLISECOND = 1_000_000;

    private final DiskPace pace = new DiskPace(0);
    private long now;

    /// Whether it was slow at any time.
    private boolean flushes(int seconds, long nanos) {
        var slow = false;
        for (var step = 0; step < seconds * 50; step++) {
            now += SECOND / 50;
            pace.flushed(now, nanos);
            slow |= pace.isSlow(now);
        }
        return slow;
    }

    @Test
    void isSlowAfterFiveSecondsOfTenTimesTheMedian() {
        assertFalse(flushes(20, 4 * MILLISECOND));
        assertFalse(flushes(4, 50 * MILLISECOND));
        assertTrue(flushes(4, 50 * MILLISECOND));
        assertTrue(flushes(600, 50 * MILLISECOND), "what is slow does not become the measure");
        flushes(2, 4 * MILLISECOND);
        assertFalse(flushes(60, 4 * MILLISECOND));
    }

    @Test
    void aQuickDiskThatIsTenTimesSlowerIsQuickEnough() {
        assertFalse(flushes(20, MILLISECOND / 10));
        assertFalse(flushes(60, 15 * MILLISECOND));
    }

    @Test
    void oneThatWasNeverQuickIsNotSlow() {
        assertFalse(flushes(120, 300 * MILLISECOND));
    }

    @Test
    void aSecondOfOutliersNowAndThenIsNothing() {
        flushes(20, 2 * MILLISECOND);
        for (var round = 0; round < 20; round++) {
            assertFalse(flushes(3, 100 * MILLISECOND));
            assertFalse(flushes(2, 2 * MILLISECOND));
        }
    }

    @Test
    void anIdleDiskIsNotSlow() {
        flushes(20, 2 * MILLISECOND);
        assertTrue(flushes(10, 100 * MILLISECOND));
        for (var second = 0; second < 6; second++) {
            now += SECOND;
            pace.isSlow(now);
        }
        assertFalse(pace.isSlow(now));
    }
}
