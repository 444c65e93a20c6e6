package io.taffrail.simulation.check;

import io.taffrail.replication.protocol.Watermarks;
import java.util.HashMap;

/// I16: in one life, a replica's idea of what is flushed on a majority never falls back.
public final class WatermarksOnlyGrow {
    private final HashMap<String, Long> newest = new HashMap<>();

    /// The process belongs to another history, of which it knows nothing yet.
    public void forget(String process) {
        newest.remove(process);
    }

    public void advanced(String process, Watermarks watermarks) {
        var before = newest.put(process, watermarks.quorumFlushed());
        if (before != null && watermarks.quorumFlushed() < before) {
            throw new InvariantViolation(
                    "WatermarksOnlyGrow",
                    "%s: quorum flushed fell from %s to %s".formatted(process, before, watermarks.quorumFlushed()));
        }
        if (watermarks.leaderFlushed() > watermarks.leaderReceived() && watermarks.leaderReceived() != 0) {
            throw new InvariantViolation("WatermarksOnlyGrow", process + ": flushed beyond received: " + watermarks);
        }
    }
}
