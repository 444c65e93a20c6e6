package io.taffrail.simulation.check;

import java.util.TreeMap;

/// I17, I29: what some replica knew to be flushed on a majority is the same everywhere and for ever.
public final class LogsAgreeUpToCommit {
    private final TreeMap<Long, Integer> committed = new TreeMap<>();
    private long endLsn;

    /// `quorumFlushed`: as this replica knows it; `fromLsn`: what lies below was compared before.
    public void compare(String where, ObservedLog log, long fromLsn, long quorumFlushed) {
        for (var entry : log.entries().tailMap(fromLsn, true).values()) {
            var header = entry.header();
            if (header.endLsn() > quorumFlushed) {
                return;
            }
            check(where, header.lsn(), header.crc());
            endLsn = Math.max(endLsn, header.endLsn());
        }
    }

    /// A reader was given the entry as committed.
    public void check(String where, long lsn, int crc) {
        var known = committed.putIfAbsent(lsn, crc);
        if (known != null && known != crc) {
            throw new InvariantViolation(
                    "LogsAgreeUpToCommit",
                    "%s has crc %08x at %d, committed there was %08x".formatted(where, crc, lsn, known));
        }
    }

    public long endLsn() {
        return endLsn;
    }
}
