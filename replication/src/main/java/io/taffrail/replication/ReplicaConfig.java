package io.taffrail.replication;

import io.taffrail.wal.WalConfig;

/// Fixed while the replica runs. Times in nanoseconds.
///
/// @param peerAddress where the others reach this replica
/// @param clientAddress where clients do
/// @param inboxBytes most bytes of appends that wait for the loop or for room in the log
/// @param flushFailed a flush failed before this start, and the files are read through the page cache
public record ReplicaConfig(
        int nodeId,
        String peerAddress,
        String clientAddress,
        WalConfig wal,
        ReplicaSettings settings,
        long heartbeatNanos,
        long electionTimeoutMinNanos,
        long electionTimeoutMaxNanos,
        long syncTimeoutNanos,
        long amnesiaWaitNanos,
        boolean waitForAmnesic,
        long diskStallTimeoutNanos,
        long inboxBytes,
        ScrubConfig scrub,
        boolean flushFailed) {
    public ReplicaConfig afterFailedFlush(boolean failed) {
        return new ReplicaConfig(
                nodeId,
                peerAddress,
                clientAddress,
                wal,
                settings,
                heartbeatNanos,
                electionTimeoutMinNanos,
                electionTimeoutMaxNanos,
                syncTimeoutNanos,
                amnesiaWaitNanos,
                waitForAmnesic,
                diskStallTimeoutNanos,
                inboxBytes,
                scrub,
                failed);
    }
}
