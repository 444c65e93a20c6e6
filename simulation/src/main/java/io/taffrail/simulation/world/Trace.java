package io.taffrail.simulation.world;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Locale;

/// What happened, in order: a hash over everything, by which two runs are compared, and the newest events as
/// text.
public final class Trace {
    /// Its text is made when somebody reads it.
    public record Event(long atNanos, String what) {
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%,16.3f ms  %s", atNanos / 1e6, what);
        }
    }

    private final int keepEvents;
    private final ArrayDeque<Event> newest = new ArrayDeque<>();
    private long hash = 0xcbf29ce484222325L;
    private long events;

    public Trace(int keepEvents) {
        this.keepEvents = keepEvents;
    }

    public void event(long atNanos, String what) {
        events++;
        mix(atNanos);
        for (var i = 0; i < what.length(); i++) {
            hash = (hash ^ what.charAt(i)) * 0x100000001b3L;
        }
        if (keepEvents > 0) {
            if (newest.size() == keepEvents) {
                newest.removeFirst();
            }
            newest.addLast(new Event(atNanos, what));
        }
    }

    private void mix(long value) {
        hash = (hash ^ value) * 0x9e3779b97f4a7c15L;
        hash ^= hash >>> 32;
    }

    public long hash() {
        return hash;
    }

    public long events() {
        return events;
    }

    public List<Event> newest() {
        return List.copyOf(newest);
    }
}
