package io.taffrail.simulation.check;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// Which voters were down, or had forgotten something, or had a damaged volume, when; and how many of them the
/// configuration in force could do without. A node counts as unclean from its crash until it is intact again, as
/// damaged until its log is whole again.
///
/// While the voters change, two configurations may be in force: what is too much for one of them is too much.
public final class FaultHistory {
    private final TreeSet<Integer> unclean = new TreeSet<>();
    private final TreeSet<Integer> damaged = new TreeSet<>();
    private final TreeSet<Integer> everDamaged = new TreeSet<>();
    private final TreeMap<Long, Boolean> tooManyUnclean = new TreeMap<>();
    private final TreeMap<Long, Set<Integer>> uncleanVoters = new TreeMap<>();
    private final TreeMap<Long, Boolean> tooManyDamaged = new TreeMap<>();
    private final TreeMap<Long, Boolean> silentlyDamaged = new TreeMap<>();
    private final List<SilentLoss> silentLosses = new ArrayList<>();
    private final List<Standstill> standstills = new ArrayList<>();
    private Set<Integer> voters = Set.of();
    private Set<Integer> votersBefore = Set.of();
    private boolean silent;

    /// @param untilNanos when the volume was whole again; the greatest number: it is not
    private record SilentLoss(int nodeId, long fromLsn, long untilNanos) {}

    /// @param untilNanos the greatest number: it still stands
    private record Standstill(int nodeId, long fromNanos, long untilNanos) {}

    public FaultHistory() {
        record(Long.MIN_VALUE);
    }

    /// Another configuration is in force, or may be.
    public void voters(long atNanos, Set<Integer> nodeIds) {
        votersBefore = voters.isEmpty() ? nodeIds : voters;
        voters = Set.copyOf(nodeIds);
        record(atNanos);
    }

    public void unclean(long atNanos, int nodeId) {
        unclean.add(nodeId);
        record(atNanos);
    }

    public void clean(long atNanos, int nodeId) {
        if (unclean.remove(nodeId)) {
            record(atNanos + 1);
        }
    }

    public void damaged(long atNanos, int nodeId) {
        damaged.add(nodeId);
        everDamaged.add(nodeId);
        record(atNanos);
    }

    /// Damaged, and nothing on the volume tells its replica that the log went on at `fromLsn`.
    public void silentlyDamaged(long atNanos, int nodeId, long fromLsn) {
        silent = true;
        silentLosses.add(new SilentLoss(nodeId, fromLsn, Long.MAX_VALUE));
        damaged(atNanos, nodeId);
    }

    public void repaired(long atNanos, int nodeId) {
        if (damaged.remove(nodeId)) {
            silent &= !damaged.isEmpty();
            silentLosses.replaceAll(loss -> loss.nodeId() == nodeId && loss.untilNanos() == Long.MAX_VALUE
                    ? new SilentLoss(nodeId, loss.fromLsn(), atNanos)
                    : loss);
            record(atNanos + 1);
        }
    }

    /// The machine is suspended, and its clock with it.
    public void clockStops(long atNanos, int nodeId) {
        if (standstills.stream().noneMatch(still -> still.nodeId() == nodeId && still.untilNanos() == Long.MAX_VALUE)) {
            standstills.add(new Standstill(nodeId, atNanos, Long.MAX_VALUE));
        }
    }

    public void clockGoesOn(long atNanos, int nodeId) {
        standstills.replaceAll(still -> still.nodeId() == nodeId && still.untilNanos() == Long.MAX_VALUE
                ? new Standstill(nodeId, still.fromNanos(), atNanos)
                : still);
    }

    /// For how long, between the two times, the clock of one of these nodes at least stood still.
    public long stoodStillNanos(Collection<Integer> nodeIds, long fromNanos, long untilNanos) {
        var sum = 0L;
        var seen = fromNanos;
        for (var still : standstills.stream()
                .filter(still -> nodeIds.contains(still.nodeId()))
                .sorted(Comparator.comparingLong(Standstill::fromNanos))
                .toList()) {
            var begin = Math.max(seen, still.fromNanos());
            var end = Math.min(untilNanos, still.untilNanos());
            if (end > begin) {
                sum += end - begin;
                seen = end;
            }
        }
        return sum;
    }

    private void record(long atNanos) {
        tooManyUnclean.merge(atNanos, exceeds(unclean, voters) || exceeds(unclean, votersBefore), Boolean::logicalOr);
        uncleanVoters.merge(atNanos, among(voters, unclean), FaultHistory::union);
        tooManyDamaged.merge(atNanos, exceeds(damaged, voters) || exceeds(damaged, votersBefore), Boolean::logicalOr);
        silentlyDamaged.merge(atNanos, silent, Boolean::logicalOr);
    }

    private static boolean exceeds(Set<Integer> nodes, Set<Integer> voters) {
        return count(nodes, voters) > tolerated(voters.size());
    }

    private static int count(Set<Integer> nodes, Set<Integer> voters) {
        return among(voters, nodes).size();
    }

    private static Set<Integer> among(Set<Integer> voters, Set<Integer> nodes) {
        var some = new TreeSet<>(nodes);
        some.retainAll(voters);
        return some;
    }

    private static Set<Integer> union(Set<Integer> one, Set<Integer> other) {
        var all = new TreeSet<>(one);
        all.addAll(other);
        return all;
    }

    /// Voters that may fail.
    public static int tolerated(int voters) {
        return Math.max(0, voters - (voters / 2 + 1));
    }

    public int tolerated() {
        return Math.min(tolerated(voters.size()), tolerated(votersBefore.size()));
    }

    public Set<Integer> voters() {
        return voters;
    }

    public boolean isUnclean(int nodeId) {
        return unclean.contains(nodeId);
    }

    public boolean isDamaged(int nodeId) {
        return damaged.contains(nodeId);
    }

    public boolean wasEverDamaged(int nodeId) {
        return everDamaged.contains(nodeId);
    }

    public boolean wasAnyDamaged() {
        return !everDamaged.isEmpty();
    }

    public boolean wereTooManyUncleanSince(long sinceNanos) {
        return wasSince(tooManyUnclean, sinceNanos);
    }

    /// Somebody may have forgotten something, and with those that an election heard nothing from, though nothing was
    /// wrong with them but their network, they are more than may fail. `testified`: whom it did hear.
    public boolean wereTooManyUncleanOrSilentSince(long sinceNanos, List<Integer> testified) {
        var silent = new TreeSet<>(voters);
        testified.forEach(silent::remove);
        return uncleanVoters.tailMap(uncleanVoters.floorKey(sinceNanos), true).values().stream()
                .anyMatch(nodes -> !nodes.isEmpty() && union(nodes, silent).size() > tolerated(voters.size()));
    }

    public boolean wereTooManyDamagedSince(long sinceNanos) {
        return wasSince(tooManyDamaged, sinceNanos);
    }

    public boolean wasSilentlyDamagedSince(long sinceNanos) {
        return wasSince(silentlyDamaged, sinceNanos);
    }

    /// Some volume lacked what stood at `lsn`, from then on or later, and its replica could not know.
    public boolean wasSilentlyLostSince(long sinceNanos, long lsn) {
        return silentLosses.stream().anyMatch(loss -> loss.fromLsn() <= lsn && loss.untilNanos() >= sinceNanos);
    }

    /// More volumes than may have failed at once, or some have and nothing on them tells: what they held, and a
    /// majority had flushed, may be gone.
    public boolean wereVolumesLostSince(long sinceNanos) {
        return wereTooManyDamagedSince(sinceNanos) || wasSilentlyDamagedSince(sinceNanos);
    }

    private static boolean wasSince(NavigableMap<Long, Boolean> history, long sinceNanos) {
        return history.tailMap(history.floorKey(sinceNanos), true).containsValue(true);
    }
}
