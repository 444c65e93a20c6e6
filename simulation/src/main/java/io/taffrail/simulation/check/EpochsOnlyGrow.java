package io.taffrail.simulation.check;

import java.util.TreeMap;

/// I6: what a volume has promised it never takes back, and a node that opened an epoch remembers it after a crash.
public final class EpochsOnlyGrow {
    private record Seen(int life, long promised) {}

    private final TreeMap<Integer, Seen> newest = new TreeMap<>();
    private final TreeMap<Integer, Long> opened = new TreeMap<>();

    public void status(int nodeId, int life, long promisedEpoch) {
        var before = newest.put(nodeId, new Seen(life, promisedEpoch));
        if (before != null && before.life() == life && promisedEpoch < before.promised()) {
            throw new InvariantViolation(
                    "EpochsOnlyGrow",
                    "node %s had promised epoch %s, now %s".formatted(nodeId, before.promised(), promisedEpoch));
        }
        if (promisedEpoch < opened.getOrDefault(nodeId, 0L)) {
            throw new InvariantViolation(
                    "EpochsOnlyGrow",
                    "node %s led epoch %s and has promised only %s"
                            .formatted(nodeId, opened.getOrDefault(nodeId, 0L), promisedEpoch));
        }
    }

    /// The node comes back with another volume, which has promised nothing.
    public void forget(int nodeId) {
        newest.remove(nodeId);
        opened.remove(nodeId);
    }

    public void opened(int nodeId, long epoch) {
        opened.merge(nodeId, epoch, Math::max);
    }
}
