package io.taffrail.simulation.check;

import java.util.TreeMap;
import java.util.regex.Pattern;

/// I17: no replica is asked to cut what a majority has flushed, or it halts. That one halts is right only where another
/// volume has lost these bytes and nothing on it tells: its replica testifies to less, and is believed.
public final class CommittedIsNeverCut {
    private static final Pattern HALTED = Pattern.compile("halted: I17: cut at (\\d+) below .*");

    private final FaultHistory history;
    /// When anybody first knew that a majority has flushed so much.
    private final TreeMap<Long, Long> known = new TreeMap<>();

    CommittedIsNeverCut(FaultHistory history) {
        this.history = history;
    }

    /// Somebody knows that a majority has flushed up to `quorumFlushed`.
    public void known(long quorumFlushed, long atNanos) {
        if (known.isEmpty() || quorumFlushed > known.lastKey()) {
            known.put(quorumFlushed, atNanos);
        }
    }

    /// Whether a replica that fails with `detail` does what it must; false: nothing excuses it.
    public boolean mustHalt(String detail) {
        var halted = HALTED.matcher(detail);
        if (!halted.matches()) {
            return false;
        }
        var cutLsn = Long.parseLong(halted.group(1));
        var beyond = known.higherEntry(cutLsn);
        return beyond != null && history.wasSilentlyLostSince(beyond.getValue(), cutLsn);
    }
}
