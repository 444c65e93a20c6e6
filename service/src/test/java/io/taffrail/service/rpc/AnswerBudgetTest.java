package io.taffrail.service.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AnswerBudgetTest {
    private final AnswerBudget answers = new AnswerBudget(400);
    private final AnswerBudget.Share one = answers.share();
    private final AnswerBudget.Share another = answers.share();
    private final List<String> served = new ArrayList<>();

    @Test
    void largeAnswersLeaveAQuarterToSmallOnes() {
        assertTrue(one.take(300));
        assertTrue(another.take(300), "one may go over it: it might be larger than all of it");
        assertFalse(answers.share().take(1));
        answers.hold(10);
        assertEquals(610, answers.heldBytes());
        another.release(300);
        assertFalse(answers.share().take(1));
        answers.release(10);
        assertTrue(answers.share().take(1));
    }

    @Test
    void aConnectionLeavesRoomToOthers() {
        var taken = 0;
        while (one.take(10)) {
            taken += 10;
        }
        assertEquals(70, taken, "a quarter of what is left, and one answer");
        var _ = one.whenRoom(10, () -> served.add("its own"));
        assertTrue(one.keepsSomebodyWaiting());
        assertFalse(another.keepsSomebodyWaiting());
        assertTrue(another.take(10), "who waits for its own connection is in nobody's way");
        one.release(20);
        assertEquals(List.of("its own"), served);
        assertFalse(one.keepsSomebodyWaiting());
    }

    @Test
    void whoWaitsIsServedByTurnsOfConnectionsAndInOrderOnEach() {
        answers.hold(301);
        var _ = one.whenRoom(10, () -> served.add("one, first"));
        var cancelled = one.whenRoom(10, () -> served.add("one, cancelled"));
        var _ = one.whenRoom(10, () -> served.add("one, last"));
        var _ = another.whenRoom(10, () -> served.add("another"));
        one.cancel(cancelled);
        assertEquals(List.of(), served);
        assertTrue(another.keepsSomebodyWaiting());
        answers.release(301);
        assertEquals(List.of("one, first", "another", "one, last"), served);
        assertFalse(answers.anyWaiting());
        one.cancel(cancelled);
        one.release(20);
        another.release(10);
        assertEquals(0, answers.heldBytes());
    }

    @Test
    void whoAsksWhenThereIsRoomIsServedAtOnce() {
        var _ = one.whenRoom(1_000, () -> served.add("larger than all"));
        assertEquals(List.of("larger than all"), served);
    }
}
