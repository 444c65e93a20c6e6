package io.taffrail.service.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AnswerBudgetTest {
    private final AnswerBudget answers = new AnswerBudget(100);
    private final List<String> served = new ArrayList<>();

    @Test
    void largeAnswersLeaveAQuarterToSmallOnes() {
        assertTrue(answers.take(75));
        assertTrue(answers.take(75), "one may go over it: it might be larger than all of it");
        assertFalse(answers.take(1));
        answers.hold(10);
        assertEquals(160, answers.heldBytes());
        answers.release(85);
        assertTrue(answers.take(1));
    }

    @Test
    void whoWaitsIsServedInTurnAndBeforeWhoComesLater() {
        assertTrue(answers.take(80));
        var _ = answers.whenRoom(70, () -> served.add("first"));
        var cancelled = answers.whenRoom(1, () -> served.add("cancelled"));
        var _ = answers.whenRoom(20, () -> served.add("second"));
        var _ = answers.whenRoom(20, () -> served.add("third"));
        assertTrue(answers.cancel(cancelled));
        assertTrue(answers.keepsOthersWaiting());
        answers.release(50);
        assertEquals(List.of("first"), served);
        assertFalse(answers.take(1), "others wait");
        answers.release(30);
        assertEquals(List.of("first", "second"), served);
        answers.release(70);
        assertEquals(List.of("first", "second", "third"), served);
        assertFalse(answers.keepsOthersWaiting());
        assertFalse(answers.cancel(cancelled));
        answers.release(40);
        assertEquals(0, answers.heldBytes());
    }

    @Test
    void whoAsksWhenThereIsRoomIsServedAtOnce() {
        var _ = answers.whenRoom(1_000, () -> served.add("larger than all"));
        assertEquals(List.of("larger than all"), served);
    }
}
