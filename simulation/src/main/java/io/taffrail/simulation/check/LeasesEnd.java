package io.taffrail.simulation.check;

import io.taffrail.simulation.SimulationOptions;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/// I20: a leader that has heard of no majority for a lease acknowledges nothing, also where it needs nobody else.
public final class LeasesEnd {
    private static final double LEASE = 0.8;
    private static final double CLOCK_SLACK = 1.25;
    private static final long SLACK_NANOS = 50 * SimulationOptions.MILLI;

    private final SimulationOptions options;
    private final HashMap<Integer, HashMap<Integer, Long>> heardNanos = new HashMap<>();
    private final TreeMap<Integer, Long> stoodStillNanos = new TreeMap<>();
    private final TreeMap<Integer, Long> openedNanos = new TreeMap<>();

    public LeasesEnd(SimulationOptions options) {
        this.options = options;
    }

    public void delivered(int from, int to, long atNanos) {
        heardNanos.computeIfAbsent(to, key -> new HashMap<>()).put(from, atNanos);
    }

    /// Its majority has promised and flushed just now.
    public void opened(int nodeId, long atNanos) {
        openedNanos.put(nodeId, atNanos);
    }

    /// Its clock, or its loop, stood still: what it takes for recent may be old.
    public void stoodStill(int nodeId, long atNanos) {
        stoodStillNanos.put(nodeId, atNanos);
    }

    /// `atNanos`: what its process takes for now, which a call that blocks lets be later than the world's time.
    /// `electorates`: voters that may be in force at the leader. It counts those of a configuration from the
    /// moment that it appends it, so one that lets a voter in that it hears may give back a majority that was lost.
    public void acknowledged(Acknowledgement ack, long atNanos, List<Set<Integer>> electorates) {
        var limit = (long) (LEASE * options.timing().electionTimeoutMinNanos() * CLOCK_SLACK) + SLACK_NANOS;
        var stood = stoodStillNanos.get(ack.nodeId());
        if (stood != null && atNanos - stood < 20 * SimulationOptions.SECOND) {
            return;
        }
        var newest = openedNanos.getOrDefault(ack.nodeId(), Long.MIN_VALUE);
        for (var voters : electorates) {
            if (!voters.isEmpty()) {
                newest = Math.max(newest, majorityHeardNanos(ack.nodeId(), voters, atNanos));
            }
        }
        if (newest < atNanos - limit) {
            throw new InvariantViolation(
                    "LeasesEnd",
                    "%s though no majority of %s was heard for %s ns, allowed are %s"
                            .formatted(ack, electorates, atNanos - newest, limit));
        }
    }

    private long majorityHeardNanos(int leader, Set<Integer> voters, long atNanos) {
        var heard = heardNanos.getOrDefault(leader, new HashMap<>());
        var times = voters.stream()
                .mapToLong(voter -> voter == leader ? atNanos : heard.getOrDefault(voter, Long.MIN_VALUE))
                .toArray();
        Arrays.sort(times);
        return times[times.length - (times.length / 2 + 1)];
    }
}
