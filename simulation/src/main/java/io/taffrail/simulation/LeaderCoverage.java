package io.taffrail.simulation;

import io.taffrail.replication.ReplicaStatus;
import java.util.TreeMap;
import java.util.TreeSet;

/// Counts what becomes of a leader's followers and gates, as its status shows them.
final class LeaderCoverage {
    private final Coverage coverage;
    private final TreeMap<Integer, TreeSet<Integer>> inSync = new TreeMap<>();
    private final TreeMap<Integer, Integer> lives = new TreeMap<>();

    LeaderCoverage(Coverage coverage) {
        this.coverage = coverage;
    }

    void look(int leader, int life, ReplicaStatus status) {
        var before = inSync.get(leader);
        var now = new TreeSet<Integer>();
        for (var follower : status.followers()) {
            if (follower.inSync()) {
                now.add(follower.nodeId());
            }
        }
        if (before != null && lives.getOrDefault(leader, 0) == life) {
            for (var node : before) {
                if (!now.contains(node)) {
                    coverage.count("follower left the in-sync set");
                }
            }
            for (var node : now) {
                if (!before.contains(node)) {
                    coverage.count("follower came into the in-sync set");
                }
            }
        }
        inSync.put(leader, now);
        lives.put(leader, life);
    }
}
