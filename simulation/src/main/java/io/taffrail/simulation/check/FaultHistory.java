package io.taffrail.simulation.check;

import java.util.TreeMap;
import java.util.TreeSet;

/// Which nodes were down, or had forgotten something, when. A node counts from its crash until it is intact again.
public final class FaultHistory {
    private final TreeSet<Integer> unclean = new TreeSet<>();
    private final TreeMap<Long, Integer> countFrom = new TreeMap<>();
    private final TreeSet<Integer> failedDisks = new TreeSet<>();

    public FaultHistory() {
        countFrom.put(0L, 0);
    }

    public void unclean(long atNanos, int nodeId) {
        unclean.add(nodeId);
        countFrom.merge(atNanos, unclean.size(), Math::max);
    }

    public void clean(long atNanos, int nodeId) {
        if (unclean.remove(nodeId)) {
            countFrom.put(atNanos + 1, unclean.size());
        }
    }

    public void diskFailed(int nodeId) {
        failedDisks.add(nodeId);
    }

    public boolean diskEverFailed(int nodeId) {
        return failedDisks.contains(nodeId);
    }

    public int failedDisks() {
        return failedDisks.size();
    }

    public boolean isUnclean(int nodeId) {
        return unclean.contains(nodeId);
    }

    public int uncleanNow() {
        return unclean.size();
    }

    /// Most nodes that were unclean at the same time, at `sinceNanos` or later.
    public int mostUncleanSince(long sinceNanos) {
        var from = countFrom.floorKey(sinceNanos);
        return countFrom.tailMap(from == null ? 0 : from, true).values().stream()
                .mapToInt(Integer::intValue)
                .max()
                .orElse(0);
    }
}
