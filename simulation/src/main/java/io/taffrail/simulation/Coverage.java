package io.taffrail.simulation;

import java.util.Map;
import java.util.TreeMap;

/// How often the interesting things happened: a run in which nothing does proves nothing.
public final class Coverage {
    private final TreeMap<String, Long> counts = new TreeMap<>();

    public void count(String what) {
        add(what, 1);
    }

    public void add(String what, long times) {
        counts.merge(what, times, Long::sum);
    }

    public long of(String what) {
        return counts.getOrDefault(what, 0L);
    }

    public Map<String, Long> counts() {
        return counts;
    }

    public void addAll(Coverage other) {
        other.counts.forEach(this::add);
    }
}
