package io.taffrail.simulation.check;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.replication.protocol.Message;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class FetchesGetOnTest {
    private static final String CANDIDATE = "node 0 life 1";

    private final FetchesGetOn fetches = new FetchesGetOn();

    private void asks(long lsn) {
        fetches.asks(CANDIDATE, new Message.Fetch(2, new LogPosition(lsn, 1, 7)));
    }

    private void isAnswered(long lsn, int bytes) {
        fetches.answered(CANDIDATE, new Message.Fetched(2, new LogPosition(lsn, 1, 7), ByteBuffer.allocate(bytes)));
    }

    @Test
    void whoeverIsAnsweredAsksForMore() {
        for (var lsn = 0L; lsn < 100; lsn += 10) {
            asks(lsn);
            isAnswered(lsn, 10);
        }
    }

    @Test
    void whoeverIsNotAnsweredMayAskForEver() {
        for (var i = 0; i < 100; i++) {
            asks(10);
            isAnswered(0, 10);
            isAnswered(10, 0);
        }
        assertDoesNotThrow(() -> asks(10));
    }

    @Test
    void whatIsGivenIsTaken() {
        for (var i = 0; i < 5; i++) {
            asks(10);
            isAnswered(10, 10);
        }
        assertThrows(InvariantViolation.class, () -> asks(10));
    }
}
