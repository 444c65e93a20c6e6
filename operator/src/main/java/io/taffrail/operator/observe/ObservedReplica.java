package io.taffrail.operator.observe;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What one replica said of itself.
///
/// @param storageId empty: not [#opened]
/// @param clusterId null: not bootstrapped, or not [#opened]
/// @param historyId of its log; empty: none, or not [#opened]
/// @param voters node id to storage id, of the configuration that it holds; `learners` too
public record ObservedReplica(
        int nodeId,
        String storageId,
        @Nullable String clusterId,
        String historyId,
        State state,
        String detail,
        int recoveryPercent,
        long epoch,
        Integrity integrity,
        long configId,
        Map<Integer, String> voters,
        Map<Integer, String> learners,
        Map<Integer, Follower> followers,
        long settingsGeneration,
        @Nullable SettingsValues settings,
        String version,
        String ioMethod,
        String ioMethodReason,
        long diskTotalBytes,
        long diskFreeBytes,
        boolean fsyncDisabled) {
    public enum State {
        RECOVERING,
        UNINITIALIZED,
        FOLLOWER,
        CANDIDATE,
        LEADER_OPENING,
        LEADER,
        LEARNER,
        STOPPING,
        FAILED,
        UNKNOWN
    }

    public enum Integrity {
        INTACT,
        AMNESIC,
        SUSPECT,
        /// Out for good: another replica has its place, or its log was given up.
        EVICTED,
        UNKNOWN
    }

    /// As the leader sees it.
    public record Follower(boolean inSync, boolean connected, long lagBytes, long flushedLsn, Integrity integrity) {
        public boolean caughtUp() {
            return connected && inSync && integrity == Integrity.INTACT;
        }
    }

    public ObservedReplica {
        voters = Collections.unmodifiableSortedMap(new TreeMap<>(voters));
        learners = Collections.unmodifiableSortedMap(new TreeMap<>(learners));
        followers = Collections.unmodifiableSortedMap(new TreeMap<>(followers));
    }

    public boolean leads() {
        return state == State.LEADER;
    }

    /// It has read its log. One that has not, because it recovers or cannot, says its node and its state alone: its
    /// volume may hold anything, also all that was ever acknowledged.
    public boolean opened() {
        return !storageId.isEmpty();
    }

    /// It says that it has data of no cluster: nothing is lost by making it one.
    public boolean empty() {
        return state == State.UNINITIALIZED && clusterId == null;
    }
}
