package io.taffrail.simulation.check;

import java.util.HashMap;
import java.util.UUID;

/// Each start of a process on a volume has an incarnation of its own, above all that were in use before it. One that
/// dies before its incarnation is durable has told nobody of it, so the next may have the same.
public final class IncarnationsOnlyGrow {
    private record Seen(int life, long incarnation) {}

    private final HashMap<UUID, Seen> newest = new HashMap<>();

    /// The storage is what it was before.
    public void forget(UUID storageId) {
        newest.remove(storageId);
    }

    /// `inUse`: it is durable, so peers may know it.
    public void status(UUID storageId, int life, long incarnation, boolean inUse) {
        var before = newest.get(storageId);
        if (before != null && before.life() != life && incarnation <= before.incarnation()) {
            throw new InvariantViolation(
                    "IncarnationsOnlyGrow",
                    "storage %s is at incarnation %s in life %s, and was at %s in life %s"
                            .formatted(storageId, incarnation, life, before.incarnation(), before.life()));
        }
        if (inUse) {
            newest.put(storageId, new Seen(life, incarnation));
        }
    }
}
