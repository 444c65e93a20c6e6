package io.taffrail.service.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.taffrail.replication.protocol.Watermarks;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FollowWakeupsTest {
    private final List<Runnable> handedOver = new ArrayList<>();
    private final FollowWakeups wakeups = new FollowWakeups(handedOver::add);

    private static final class Reader implements FollowWakeups.Waiting {
        private boolean ready;
        private boolean broken;
        private int woken;

        @Override
        public String stream() {
            return "orders";
        }

        @Override
        public boolean ready() {
            if (broken) {
                throw new IllegalStateException("the index cannot be read");
            }
            return ready;
        }

        @Override
        public void wake() {
            woken++;
        }
    }

    private List<Reader> park(int count) {
        var readers = new ArrayList<Reader>();
        for (var i = 0; i < count; i++) {
            var reader = new Reader();
            readers.add(reader);
            wakeups.park(reader);
        }
        return readers;
    }

    @Test
    void ofFewTheTurnWakesThoseThatAreReadyOnce() {
        var readers = park(8);
        readers.get(3).ready = true;
        wakeups.advanced(Watermarks.NONE);
        wakeups.advanced(Watermarks.NONE);
        for (var reader : readers) {
            assertEquals(reader.ready ? 1 : 0, reader.woken);
        }
        assertEquals(List.of(), handedOver);
    }

    @Test
    void ofManyOneLookOnAnotherThreadServesAllMovesSinceTheLast() {
        var readers = park(9);
        wakeups.advanced(Watermarks.NONE);
        readers.get(3).ready = true;
        wakeups.advanced(Watermarks.NONE);
        assertEquals(1, handedOver.size());
        assertEquals(0, readers.get(3).woken);
        handedOver.removeFirst().run();
        assertEquals(1, readers.get(3).woken);
        readers.get(4).ready = true;
        wakeups.advanced(Watermarks.NONE);
        assertEquals(1, readers.get(4).woken, "eight are few");
    }

    @Test
    void whoeverIsReadyWhenItParksIsWokenAtOnce() {
        var reader = new Reader();
        reader.ready = true;
        wakeups.park(reader);
        assertEquals(1, reader.woken);
        assertFalse(wakeups.unpark(reader));
    }

    @Test
    void aReaderThatBreaksDoesNotBreakTheTurn() {
        var readers = park(2);
        readers.getFirst().broken = true;
        readers.getLast().ready = true;
        wakeups.advanced(Watermarks.NONE);
        assertEquals(1, readers.getFirst().woken);
        assertEquals(1, readers.getLast().woken);
    }
}
