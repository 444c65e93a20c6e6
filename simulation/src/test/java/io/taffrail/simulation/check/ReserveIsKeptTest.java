package io.taffrail.simulation.check;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.taffrail.simulation.SimulationOptions;
import org.junit.jupiter.api.Test;

class ReserveIsKeptTest {
    private static final String LEADER = "node 0 life 1";
    private static final long SECOND = SimulationOptions.SECOND;

    private final ReserveIsKept reserve = new ReserveIsKept(1000);

    private void looks(long seconds, long freeBytes) {
        assertEquals(freeBytes < 1000, reserve.looked(LEADER, seconds * SECOND, freeBytes));
    }

    @Test
    void whatIsSubmittedOnceItHasSeenThatTheReserveIsLeftIsNotAppended() {
        looks(1, 999);
        looks(2, 500);
        assertThrows(InvariantViolation.class, () -> reserve.appended(LEADER, 3 * SECOND));
    }

    @Test
    void whatWasSubmittedBeforeMayBe() {
        looks(1, 999);
        looks(2, 500);
        assertDoesNotThrow(() -> reserve.appended(LEADER, 2 * SECOND));
    }

    @Test
    void oneLookMayBeAboutSomethingElse() {
        looks(1, 999);
        assertDoesNotThrow(() -> reserve.appended(LEADER, 3 * SECOND));
    }

    @Test
    void onceThereIsRoomAgainAllIsTaken() {
        looks(1, 999);
        looks(2, 500);
        looks(3, 1000);
        assertDoesNotThrow(() -> reserve.appended(LEADER, 4 * SECOND));
        looks(5, 999);
        assertDoesNotThrow(() -> reserve.appended(LEADER, 6 * SECOND));
    }

    @Test
    void anotherProcessHasSeenNothing() {
        looks(1, 999);
        looks(2, 500);
        assertDoesNotThrow(() -> reserve.appended("node 0 life 2", 4 * SECOND));
    }
}
