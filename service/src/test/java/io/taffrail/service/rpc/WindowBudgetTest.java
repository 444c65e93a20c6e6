package io.taffrail.service.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import org.junit.jupiter.api.Test;

class WindowBudgetTest {
    private static final long SUM_BYTES = 32L << 20;

    private final WindowBudget windows = new WindowBudget(SUM_BYTES, 8 << 20, 1 << 20);

    @Test
    void manyConnectionsHoldLittleMoreThanTheSumAndTheirLeast() {
        var held = 0L;
        for (var i = 0; i < 1_000; i++) {
            held += windows.take();
        }
        assertTrue(held <= SUM_BYTES + 1_000L * WindowBudget.LEAST_BYTES, held + " bytes");
    }

    @Test
    void fewConnectionsHaveLargeWindows() {
        assertEquals(SUM_BYTES / 8, windows.take());
        assertEquals(1 << 20, windows.callWindow((int) SUM_BYTES / 8));
        assertEquals(64 << 10, windows.callWindow(WindowBudget.LEAST_BYTES));
    }

    @Test
    void whatIsGivenBackIsThereAgain() {
        var taken = new ArrayList<Integer>();
        for (var i = 0; i < 1_000; i++) {
            taken.add(windows.take());
        }
        assertEquals(WindowBudget.LEAST_BYTES, windows.take());
        windows.giveBack(WindowBudget.LEAST_BYTES);
        taken.forEach(windows::giveBack);
        assertEquals(SUM_BYTES / 8, windows.take());
    }
}
