package io.taffrail.simulation.check;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/// I17, I29: what some replica knew to be flushed on a majority is the same everywhere and for ever.
public final class LogsAgreeUpToCommit {
    /// @param sinceNanos when somebody knew it first
    private record Committed(int crc, long sinceNanos) {}

    private final FaultHistory history;
    private final HashMap<Long, Committed> committed = new HashMap<>();
    /// What more volumes than may have lost, by LSN: who still holds it goes on to take it for committed.
    private final HashMap<Long, Set<Integer>> lost = new HashMap<>();
    private long endLsn;

    LogsAgreeUpToCommit(FaultHistory history) {
        this.history = history;
    }

    /// `quorumFlushed`: as this replica knows it; `fromLsn`: what lies below was compared before.
    public void compare(String where, ObservedLog log, long fromLsn, long quorumFlushed, long atNanos) {
        for (var entry : log.entries().tailMap(fromLsn, true).values()) {
            var header = entry.header();
            if (header.endLsn() > quorumFlushed) {
                return;
            }
            check(where, header.lsn(), header.crc(), atNanos);
            endLsn = Math.max(endLsn, header.endLsn());
        }
    }

    /// A reader was given the entry as committed. Nothing is promised of what more volumes have lost than may.
    public void check(String where, long lsn, int crc, long atNanos) {
        if (lost.getOrDefault(lsn, Set.of()).contains(crc)) {
            return;
        }
        var known = committed.putIfAbsent(lsn, new Committed(crc, atNanos));
        if (known != null && known.crc() != crc) {
            if (history.wereVolumesLostSince(known.sinceNanos())) {
                committed.entrySet().removeIf(entry -> {
                    var gone = entry.getKey() >= lsn;
                    if (gone) {
                        lost.computeIfAbsent(entry.getKey(), _ -> new HashSet<>())
                                .add(entry.getValue().crc());
                    }
                    return gone;
                });
                committed.put(lsn, new Committed(crc, atNanos));
                return;
            }
            throw new InvariantViolation(
                    "LogsAgreeUpToCommit",
                    String.format(
                            Locale.ROOT,
                            "%s has crc %08x at %s, committed there was %08x",
                            where,
                            crc,
                            lsn,
                            known.crc()));
        }
    }

    /// A forced recovery goes on with this log: what it does not hold was never committed in the history that begins.
    public void givenUp(ObservedLog log) {
        committed.entrySet().removeIf(entry -> {
            var held = log.at(entry.getKey());
            return entry.getKey() >= log.startLsn()
                    && (held == null || held.header().crc() != entry.getValue().crc());
        });
        endLsn = Math.min(endLsn, log.endLsn());
    }

    public long endLsn() {
        return endLsn;
    }
}
