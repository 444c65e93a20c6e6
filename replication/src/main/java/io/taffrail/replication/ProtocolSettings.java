package io.taffrail.replication;

import io.taffrail.replication.protocol.ProtocolConfig;

/// The protocol's times and limits out of the replica's configuration.
final class ProtocolSettings {
    /// It only lessens what is lost of asynchronous replication; longer would cost every failover.
    private static final long OLD_LEADER_WAIT_NANOS = 500_000_000;
    /// A candidate that lacks more leaves it to the one that has it: fetching would take longer than an election.
    private static final long HOPELESS_BYTES = 64L << 20;
    /// Enough for a network of 10 Gbit/s and 10 ms.
    private static final long WINDOW_BYTES = 12L << 20;

    private ProtocolSettings() {}

    static ProtocolConfig of(ReplicaConfig config) {
        return new ProtocolConfig(
                config.heartbeatNanos(),
                config.electionTimeoutMinNanos(),
                config.electionTimeoutMaxNanos(),
                config.syncTimeoutNanos(),
                config.amnesiaWaitNanos(),
                config.waitForAmnesic(),
                Math.min(OLD_LEADER_WAIT_NANOS, config.electionTimeoutMinNanos() / 2),
                config.diskStallTimeoutNanos(),
                HOPELESS_BYTES,
                windowBytes(config.settings()),
                config.settings().replicationLagBytes(),
                config.settings().replicationLagNanos());
    }

    static long windowBytes(ReplicaSettings settings) {
        return Math.min(WINDOW_BYTES, settings.pendingBytes() / 2);
    }
}
