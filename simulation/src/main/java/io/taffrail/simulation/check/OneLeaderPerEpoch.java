package io.taffrail.simulation.check;

import java.util.TreeMap;

/// I7: no two lives, of one node or of two, ever open the same epoch.
public final class OneLeaderPerEpoch {
    private final TreeMap<Long, String> leaders = new TreeMap<>();

    public void opened(long epoch, String process) {
        var other = leaders.putIfAbsent(epoch, process);
        if (other != null && !other.equals(process)) {
            throw new InvariantViolation(
                    "OneLeaderPerEpoch", "epoch %s was opened by %s and by %s".formatted(epoch, other, process));
        }
    }

    public int epochs() {
        return leaders.size();
    }
}
