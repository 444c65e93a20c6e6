package io.taffrail.replication;

import io.taffrail.replication.protocol.Watermarks;

/// What the process around a replica hears. On the loop's thread; hand over and return.
public interface ReplicaListener {
    /// Some watermark moved: readers that follow may have more.
    void advanced(Watermarks watermarks);

    /// State, leader, voters or integrity changed.
    void statusChanged(ReplicaStatus status);

    /// After [Replica#append] returned false.
    void inboxHasRoom();

    /// Something that node `nodeId` said cannot be, and was not believed; see [ReplicaStatus.RefusedPeers].
    default void peerRefused(int nodeId, String message) {}

    /// Bytes of the log that had been flushed are not what was written, or have been repaired: what, where,
    /// and what is to be done.
    default void logDamaged(String message) {}

    /// Appends are refused because the log cannot make its next file, and not for want of space. Once for each reason.
    default void logHindered(String reason) {}

    /// A checkpoint of the streams' state is damaged or cannot be written, or an index file, or a seed of both from
    /// another replica, is damaged: what, and why. Costs no record. Each text once; also in [Replica#open].
    default void streamsHindered(String message) {}

    /// The storage cannot be trusted any more: nothing is acknowledged or promised from here on. Exit, with
    /// status 74.
    void storageFailed(String message);

    /// What the protocol promises does not hold here, the message says what: nothing is acknowledged or promised from
    /// here on. Exit, with status 70. The storage is not to blame.
    void halted(String message);
}
