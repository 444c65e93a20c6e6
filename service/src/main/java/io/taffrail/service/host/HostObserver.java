package io.taffrail.service.host;

import io.taffrail.replication.ReplicaStatus;
import io.taffrail.replication.protocol.Watermarks;

/// What a part of the process hears of the replica, on its loop: hand over and return.
public interface HostObserver {
    default void opened() {}

    default void advanced(Watermarks watermarks) {}

    default void statusChanged(ReplicaStatus status) {}
}
