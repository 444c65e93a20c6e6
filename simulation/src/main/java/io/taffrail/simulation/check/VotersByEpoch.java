package io.taffrail.simulation.check;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/// Which voters were in force in which leader's reign. One that was overtaken, and does not know it, still counts by
/// those of its own: what they have told it before a successor changed the members a majority of them holds.
public final class VotersByEpoch {
    private record InForce(Map<Integer, UUID> voters, Map<Integer, UUID> before) {}

    private final TreeMap<Long, InForce> byEpoch = new TreeMap<>();

    /// `before`: those that `voters` replaced, of which what was counted stays counted.
    public void configured(long epoch, Map<Integer, UUID> voters, Map<Integer, UUID> before) {
        byEpoch.put(epoch, new InForce(Map.copyOf(voters), Map.copyOf(before)));
    }

    public boolean wasOvertaken(long epoch) {
        return !byEpoch.isEmpty() && byEpoch.lastKey() > epoch;
    }

    /// Of a leader of the epoch. `appended`: of a configuration that may have been appended to its log this instant.
    public List<Map<Integer, UUID>> of(long epoch, Map<Integer, UUID> appended) {
        var reign = byEpoch.floorEntry(epoch);
        return reign == null
                ? List.of(appended)
                : List.of(reign.getValue().voters(), reign.getValue().before(), appended);
    }
}
