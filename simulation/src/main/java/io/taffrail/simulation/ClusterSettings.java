package io.taffrail.simulation;

import io.taffrail.replication.ReplicaConfig;
import io.taffrail.replication.ReplicaSettings;
import io.taffrail.streams.StreamSettings;
import io.taffrail.wal.WalConfig;

/// A replica's configuration: small enough that segments roll, queues fill and time-outs pass within seconds.
final class ClusterSettings {
    private static final int PENDING_BYTES = 1 << 20;
    private static final int TAIL_CACHE_BYTES = 1 << 20;
    private static final long RESERVE_BYTES = 1 << 20;

    private ClusterSettings() {}

    static ReplicaConfig of(int nodeId, SimulationOptions options) {
        var timing = options.timing();
        var wal = new WalConfig(
                options.segmentBytes(),
                timing.writerDelayNanos(),
                timing.groupCommitDelayNanos(),
                2,
                PENDING_BYTES,
                TAIL_CACHE_BYTES,
                RESERVE_BYTES,
                false);
        var settings = new ReplicaSettings(
                0,
                StreamSettings.DEFAULTS,
                timing.writerDelayNanos(),
                timing.groupCommitDelayNanos(),
                2,
                PENDING_BYTES,
                128 << 10,
                timing.electionTimeoutMinNanos(),
                false);
        return new ReplicaConfig(
                nodeId,
                peerAddress(nodeId),
                "node-" + nodeId + ":9090",
                wal,
                settings,
                timing.heartbeatNanos(),
                timing.electionTimeoutMinNanos(),
                timing.electionTimeoutMaxNanos(),
                timing.electionTimeoutMinNanos() / 2,
                amnesiaWaitNanos(options),
                false,
                timing.electionTimeoutMaxNanos() * 4,
                64 << 10);
    }

    static long amnesiaWaitNanos(SimulationOptions options) {
        return options.timing().electionTimeoutMaxNanos() * 5;
    }

    static String peerAddress(int nodeId) {
        return "node-" + nodeId + ":9091";
    }
}
