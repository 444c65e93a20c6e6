package io.taffrail.simulation;

import io.taffrail.replication.ReplicaConfig;
import io.taffrail.replication.ReplicaSettings;
import io.taffrail.replication.ScrubConfig;
import io.taffrail.simulation.fault.FaultClass;
import io.taffrail.streams.Durability;
import io.taffrail.streams.StreamSettings;
import io.taffrail.streams.StreamStoreConfig;
import io.taffrail.wal.WalConfig;

/// A replica's configuration: small enough that segments roll, queues fill and time-outs pass within seconds.
public final class ClusterSettings {
    private static final int PENDING_BYTES = 1 << 20;
    private static final int TAIL_CACHE_BYTES = 1 << 20;
    /// What a replica leaves free of its volume.
    public static final long RESERVE_BYTES = 1 << 20;

    /// A round is over in less than the interval.
    private static final ScrubConfig SCRUB = new ScrubConfig(4 << 20, 2 * SimulationOptions.SECOND);

    private ClusterSettings() {}

    static ReplicaConfig of(int nodeId, SimulationOptions options) {
        var timing = options.timing();
        var wal = new WalConfig(
                options.log().segmentBytes(),
                timing.writerDelayNanos(),
                timing.groupCommitDelayNanos(),
                2,
                PENDING_BYTES,
                TAIL_CACHE_BYTES,
                RESERVE_BYTES,
                false);
        var settings = settings(options, 0, Durability.WEAKEST, false);
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
                64 << 10,
                options.faults().contains(FaultClass.OLD_ROT) ? SCRUB : ScrubConfig.OFF,
                false);
    }

    /// What may change while a replica runs.
    public static ReplicaSettings settings(
            SimulationOptions options, long generation, Durability minimum, boolean rejectWhenFull) {
        var timing = options.timing();
        return new ReplicaSettings(
                generation,
                new StreamSettings(
                        Durability.SAFEST_DEFAULT, minimum, 0, options.log().retentionBytes()),
                timing.writerDelayNanos(),
                timing.groupCommitDelayNanos(),
                2,
                PENDING_BYTES,
                options.log().lagBytes(),
                timing.electionTimeoutMinNanos(),
                rejectWhenFull);
    }

    static StreamStoreConfig streams(SimulationOptions options) {
        var usual = StreamStoreConfig.DEFAULTS;
        return new StreamStoreConfig(
                options.log().checkpointBytes(),
                1,
                usual.maxStreams(),
                usual.maxProducers(),
                usual.maxStreamsPerProducer(),
                usual.maxCursorsPerStream(),
                usual.maxStateBytes(),
                usual.maxUnindexedBatches(),
                usual.retainedCheckpoints(),
                usual.mergedFiles(),
                usual.producerIdleMillis());
    }

    static long amnesiaWaitNanos(SimulationOptions options) {
        return options.timing().electionTimeoutMaxNanos() * 5;
    }

    public static String peerAddress(int nodeId) {
        return "node-" + nodeId + ":9091";
    }
}
