package io.taffrail.service.api;

import io.taffrail.replication.Replica;
import io.taffrail.replication.ReplicaStatus;
import io.taffrail.replication.protocol.Watermarks;
import io.taffrail.service.host.ReplicaHost;
import io.taffrail.service.telemetry.TrafficMetrics;
import java.util.concurrent.Executor;

/// What every read needs.
///
/// @param threads where the disk is read; a read blocks there and nowhere else
/// @param chunks what a step reads the log with
/// @param responseBytes of one answer, unless the client asks for less
/// @param maxReaders reads that may be open at once
record ReadDesk(
        ReplicaHost host,
        Executor threads,
        LogChunks.Pool chunks,
        FollowWakeups wakeups,
        TrafficMetrics metrics,
        int responseBytes,
        int maxReaders) {
    enum Isolation {
        DURABLE,
        REPLICATED,
        BUFFERED
    }

    /// Exclusive LSN up to which a reader may see this replica's log.
    static long visibleLsn(Replica replica, Isolation isolation) {
        Watermarks watermarks = replica.watermarks();
        var own = watermarks.leaderReceived();
        return switch (isolation) {
            case DURABLE -> Math.min(own, watermarks.quorumFlushed());
            case REPLICATED -> Math.min(own, watermarks.quorumReceived());
            case BUFFERED -> own;
        };
    }

    static boolean leads(ReplicaStatus status) {
        return status.state() == ReplicaStatus.State.LEADER;
    }
}
