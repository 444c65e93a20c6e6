package io.taffrail.simulation.check;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;

class RoomToStartTest {
    private static final int SEGMENT_BYTES = 16 << 10;

    @Test
    void aNewVolumeNeedsRoomForItsFirstSegment() {
        assertTrue(RoomToStart.mayLack(Map.of(), SEGMENT_BYTES - 1, SEGMENT_BYTES));
        assertFalse(RoomToStart.mayLack(Map.of(), SEGMENT_BYTES, SEGMENT_BYTES));
    }

    @Test
    void aLogThatIsGivenUpNeedsRoomForACopyAndNoMore() {
        var files = Map.of(
                "log/0000000000000001.segment",
                (long) SEGMENT_BYTES,
                "log/0000000000000002.segment",
                (long) SEGMENT_BYTES,
                "log/diverged/0000000000000000-0000000000000001.blocks",
                1L << 20,
                "streams/0000000000000001.segment",
                1L << 20);
        assertTrue(RoomToStart.mayLack(files, 2 * SEGMENT_BYTES - 1, SEGMENT_BYTES));
        assertFalse(RoomToStart.mayLack(files, 2 * SEGMENT_BYTES, SEGMENT_BYTES));
    }
}
