package io.taffrail.simulation.world;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SimulatedEventLoopTest {
    private static final long SECOND = 1_000_000_000L;

    private final Randomness randomness = new Randomness(3);
    private final SimulatedScheduler scheduler = new SimulatedScheduler(randomness.named("scheduler"), new Trace(100));
    private final NodeClock clock = new NodeClock(scheduler, 17 * SECOND, 1);
    private final ProcessLife life = new ProcessLife("test");
    private final List<String> done = new ArrayList<>();
    private final SimulatedEventLoop loop =
            new SimulatedEventLoop(scheduler, clock, randomness.named("loop"), life, end -> done.add("ended"));

    @Test
    void runsTasksInTheOrderOfTheCalls() {
        loop.execute(() -> done.add("a"));
        loop.execute(() -> done.add("b"));
        scheduler.runUntil(1000);
        assertEquals(List.of("a", "b"), done);
    }

    @Test
    void aFastClockMakesTimersEarly() {
        clock.setRate(1.1, 0);
        loop.schedule(11 * SECOND, () -> done.add("at " + Math.round(scheduler.nowNanos() / 1e9)));
        scheduler.runUntil(20 * SECOND);
        assertEquals(List.of("at 10"), done);
    }

    @Test
    void aFrozenClockHoldsTimersBack() {
        loop.schedule(SECOND, () -> done.add("timer"));
        clock.freeze(0);
        scheduler.runUntil(10 * SECOND);
        assertEquals(List.of(), done);
        clock.thaw();
        scheduler.runUntil(12 * SECOND);
        assertEquals(List.of("timer"), done);
    }

    /// Whoever blocks reads the clock ahead of the world: what happens to it meanwhile happens to it afterwards.
    @Test
    void aClockNeverFallsForAProcessThatBlocks() {
        var read = new long[2];
        loop.execute(() -> {
            loop.block(10 * SECOND);
            read[0] = loop.nanoTime();
        });
        scheduler.at(SECOND, () -> loop.execute(() -> read[1] = loop.nanoTime()));
        scheduler.at(SECOND, () -> clock.freeze(loop.trueNanos() - scheduler.nowNanos()));
        scheduler.at(2 * SECOND, () -> {
            clock.thaw();
            clock.setRate(0.9, loop.trueNanos() - scheduler.nowNanos());
        });
        scheduler.runUntil(11 * SECOND);
        assertEquals(27 * SECOND, read[0]);
        assertTrue(read[1] >= read[0] && read[1] < read[0] + SECOND / 1000, () -> read[0] + ", then " + read[1]);
    }

    @Test
    void aPausedProcessCatchesUpAfterwards() {
        loop.pause();
        loop.execute(() -> done.add("task"));
        scheduler.runUntil(SECOND);
        assertEquals(List.of(), done);
        loop.resume();
        scheduler.runUntil(2 * SECOND);
        assertEquals(List.of("task"), done);
    }

    @Test
    void blockingLetsOnlyItsOwnTimePass() {
        var before = loop.nanoTime();
        loop.execute(() -> {
            loop.block(SECOND);
            done.add("blocked " + Math.round((loop.nanoTime() - before) / 1e9));
        });
        scheduler.at(SECOND / 2, () -> done.add("world"));
        scheduler.at(SECOND / 2, () -> loop.execute(() -> done.add("next")));
        scheduler.runUntil(SECOND / 2 + 1000);
        assertEquals(List.of("blocked 1", "world"), done);
        scheduler.runUntil(2 * SECOND);
        assertEquals("next", done.getLast());
    }

    @Test
    void deathInATurnEndsTheProcessForGood() {
        loop.execute(() -> life.effect("first"));
        loop.execute(() -> done.add("after"));
        life.endAfterEffects(1);
        scheduler.runUntil(SECOND);
        assertEquals(List.of("ended"), done);
        assertTrue(life.ended());
    }
}
