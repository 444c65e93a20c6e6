package io.taffrail.simulation.check;

import java.util.TreeMap;
import java.util.UUID;

/// Each start of a process on a volume has an incarnation of its own, above all before it.
public final class IncarnationsOnlyGrow {
    private record Seen(int life, long incarnation) {}

    private final TreeMap<UUID, Seen> newest = new TreeMap<>();

    public void status(UUID storageId, int life, long incarnation) {
        var before = newest.put(storageId, new Seen(life, incarnation));
        if (before != null && before.life() != life && incarnation <= before.incarnation()) {
            throw new InvariantViolation(
                    "IncarnationsOnlyGrow",
                    "storage %s is at incarnation %d in life %d, and was at %d in life %d"
                            .formatted(storageId, incarnation, life, before.incarnation(), before.life()));
        }
    }
}
