package io.taffrail.simulation.world;

import java.util.PriorityQueue;
import java.util.SplittableRandom;

/// The world's only clock and only thread: a heap of events ordered by time, then by a random tie-break, so that
/// what happens at the same instant happens in any order, then by sequence.
public final class SimulatedScheduler {
    private record Event(long atNanos, int tieBreak, long sequence, Runnable task) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            if (atNanos != other.atNanos) {
                return Long.compare(atNanos, other.atNanos);
            }
            return tieBreak != other.tieBreak
                    ? Integer.compare(tieBreak, other.tieBreak)
                    : Long.compare(sequence, other.sequence);
        }
    }

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final SplittableRandom random;
    private final Trace trace;
    private long nowNanos;
    private long sequence;
    private long executed;

    public SimulatedScheduler(SplittableRandom random, Trace trace) {
        this.random = random;
        this.trace = trace;
    }

    public long nowNanos() {
        return nowNanos;
    }

    public long executedEvents() {
        return executed;
    }

    public Trace trace() {
        return trace;
    }

    /// Enters the event into the trace: what two runs of a seed must agree on.
    public void note(String what) {
        trace.event(nowNanos, what);
    }

    public void at(long timeNanos, Runnable task) {
        events.add(new Event(Math.max(timeNanos, nowNanos), random.nextInt(), sequence++, task));
    }

    public void after(long delayNanos, Runnable task) {
        // Saturating: "never" is asked for as Long.MAX_VALUE.
        at(delayNanos > Long.MAX_VALUE - nowNanos ? Long.MAX_VALUE : nowNanos + Math.max(delayNanos, 0), task);
    }

    /// Runs the next event; false: none is left, or it lies beyond `limitNanos`.
    public boolean step(long limitNanos) {
        var next = events.peek();
        if (next == null || next.atNanos > limitNanos) {
            return false;
        }
        events.remove();
        nowNanos = next.atNanos;
        executed++;
        next.task.run();
        return true;
    }

    /// Runs everything up to the time, which it is afterwards.
    public void runUntil(long timeNanos) {
        while (step(timeNanos)) {
            // Each step is one event.
        }
        nowNanos = Math.max(nowNanos, timeNanos);
    }
}
