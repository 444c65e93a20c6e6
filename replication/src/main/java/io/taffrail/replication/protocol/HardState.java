package io.taffrail.replication.protocol;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What must survive a crash besides the log.
///
/// @param clusterId null: never part of a cluster, so it has promised nothing to anyone
/// @param promisedEpoch nothing of a lower epoch is accepted any more
/// @param promisedNode the candidate that it was promised to, and its incarnation
/// @param dirty an incarnation may have acknowledged from memory and has not shut down cleanly since
/// @param suspect the log has lost bytes and has not been filled up from a leader yet
/// @param configurations the newest ones, oldest first
public record HardState(
        @Nullable UUID clusterId,
        @Nullable UUID historyId,
        long promisedEpoch,
        int promisedNode,
        long promisedIncarnation,
        boolean dirty,
        boolean suspect,
        List<LoggedConfiguration> configurations,
        Standing standing) {
    public static final HardState EMPTY = new HardState(null, null, 0, -1, 0, false, false, List.of(), Standing.NEW);

    boolean isEvicted() {
        return standing.eviction() != Eviction.NONE;
    }

    HardState withPromise(long epoch, int node, long incarnation) {
        return new HardState(clusterId, historyId, epoch, node, incarnation, dirty, suspect, configurations, standing);
    }

    HardState withDirty(boolean value) {
        return new HardState(
                clusterId,
                historyId,
                promisedEpoch,
                promisedNode,
                promisedIncarnation,
                value,
                suspect,
                configurations,
                standing);
    }

    public HardState withSuspect(boolean value) {
        return new HardState(
                clusterId,
                historyId,
                promisedEpoch,
                promisedNode,
                promisedIncarnation,
                dirty,
                value,
                configurations,
                standing);
    }

    /// What is below `lsn` stays as it is known here; from there on the log itself tells, whose entries are `logged`:
    /// one may have been made durable here before its entry was, and then the entry was lost.
    public HardState withConfigurationsFrom(long lsn, List<LoggedConfiguration> logged) {
        var history = new ConfigurationHistory(configurations);
        history.truncate(lsn);
        logged.forEach(history::add);
        var known = new ArrayList<>(history.known());
        if (standing.entered() && configurations.getFirst().endLsn() == 0) {
            // The log may still end in the former history. Once that end is cut off, what this history was
            // entered with is in force.
            known.set(0, configurations.getFirst());
        }
        return withConfigurations(List.copyOf(known));
    }

    HardState withConfigurations(List<LoggedConfiguration> value) {
        return new HardState(
                clusterId,
                historyId,
                promisedEpoch,
                promisedNode,
                promisedIncarnation,
                dirty,
                suspect,
                value,
                standing);
    }

    HardState withStanding(Standing value) {
        return new HardState(
                clusterId,
                historyId,
                promisedEpoch,
                promisedNode,
                promisedIncarnation,
                dirty,
                suspect,
                configurations,
                value);
    }

    HardState withCluster(UUID cluster, UUID history, List<LoggedConfiguration> first) {
        return new HardState(
                cluster, history, promisedEpoch, promisedNode, promisedIncarnation, dirty, suspect, first, standing);
    }
}
