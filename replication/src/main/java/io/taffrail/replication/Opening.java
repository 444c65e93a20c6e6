package io.taffrail.replication;

import io.taffrail.replication.codec.ControlEntryCodec;
import io.taffrail.replication.codec.ReplicaMeta;
import io.taffrail.replication.protocol.EpochStart;
import io.taffrail.replication.protocol.Event.ControlEntry;
import io.taffrail.replication.protocol.HardState;
import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.replication.protocol.LoggedConfiguration;
import io.taffrail.replication.protocol.ReplicationCore;
import io.taffrail.streams.StreamStore;
import io.taffrail.streams.StreamStoreConfig;
import io.taffrail.wal.RecoveryReport;
import io.taffrail.wal.SlotFile;
import io.taffrail.wal.Wal;
import io.taffrail.wal.WalException;
import io.taffrail.wal.WalListener;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.record.EntryHeader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// What a directory holds, read once at the start: `meta`, `lineage`, `log/`, `streams/`. Blocks.
///
/// The streams' state begins at its newest checkpoint and the log is replayed from there. What the protocol needs of
/// the part before, the lineage and the configurations, stands in the two small files.
final class Opening {
    private final ArrayList<ControlEntry> replayed = new ArrayList<>();
    private final RecentElections elections = new RecentElections();
    /// The newest checkpoint belongs to bytes that were cut since.
    private boolean foreign;

    /// @param meta as it has to be written before the first byte leaves this process: with a new incarnation
    record Opened(
            SlotFile metaSlot,
            LineageFile lineageFile,
            ReplicaMeta meta,
            Wal wal,
            StreamStore store,
            LogDirectory streamsFolder,
            RecentElections elections,
            DamageFile damageFile,
            List<ScrubStatus.Damage> knownDamages,
            ReplicationCore.Start start) {}

    static Opened open(
            ReplicaConfig config,
            StreamStoreConfig streams,
            LogDirectory directory,
            IoMethod io,
            Executor background,
            LongSupplier nanoTime,
            WalListener walListener,
            RandomGenerator random) {
        try {
            return new Opening().read(config, streams, directory, io, background, nanoTime, walListener, random);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Opened read(
            ReplicaConfig config,
            StreamStoreConfig streams,
            LogDirectory directory,
            IoMethod io,
            Executor background,
            LongSupplier nanoTime,
            WalListener walListener,
            RandomGenerator random)
            throws IOException {
        var metaSlot = SlotFile.open(directory, "meta", io);
        var lineageFile = LineageFile.open(directory, io);
        var before = previous(metaSlot.value(), config.nodeId(), random);
        var streamsFolder = directory.subdirectory("streams");
        if (!before.hard().suspect()) {
            // Of a copy that nobody goes on with.
            SeedProgress.clear(streamsFolder, Set.of());
        }
        var store = StreamStore.open(streamsFolder, background, streams);
        var replayFrom = store.appliedLsn();
        var chain = store.appliedChainCrc();
        var wal = Wal.open(
                config.wal(),
                directory.subdirectory("log"),
                io,
                nanoTime,
                walListener,
                // A checkpoint holds only what was flushed: a log that ends below it has lost bytes.
                Math.max(before.durableHint().lsn(), replayFrom),
                replayFrom,
                config.flushFailed(),
                (header, payload) -> {
                    foreign |= header.lsn() == store.appliedLsn() && header.chainPrevious() != store.appliedChainCrc();
                    if (!foreign && header.lsn() == store.appliedLsn()) {
                        apply(store, header, payload);
                    }
                });
        foreign |= replayFrom == wal.receivedLsn() && chain != wal.chainCrc();
        if (foreign || store.appliedLsn() > wal.receivedLsn() || store.appliedLsn() < wal.startLsn()) {
            var suspect = before.hard().suspect() || wal.recovery().verdict() == RecoveryReport.Verdict.CORRUPT;
            replayFrom = rebuild(store, wal, suspect);
        }
        var end = new LogPosition(wal.receivedLsn(), wal.lastEpoch(), wal.chainCrc());
        var hard = before.hard();
        if (wal.recovery().verdict() == RecoveryReport.Verdict.CORRUPT) {
            hard = hard.withSuspect(true);
        }
        var meta = new ReplicaMeta(
                before.nodeId(), before.storageId(), before.incarnation() + 1, hard, before.durableHint());
        var start = new ReplicationCore.Start(
                meta.nodeId(),
                meta.storageId(),
                meta.incarnation(),
                hard,
                lineage(lineageFile.found(), replayFrom),
                configurations(),
                wal.startLsn(),
                end);
        var damageFile = new DamageFile(directory);
        return new Opened(
                metaSlot,
                lineageFile,
                meta,
                wal,
                store,
                streamsFolder,
                elections,
                damageFile,
                damageFile.read(),
                start);
    }

    private static ReplicaMeta previous(@Nullable ByteBuffer value, int nodeId, RandomGenerator random) {
        if (value == null) {
            // Random per volume: whoever comes back with an empty one has forgotten its promises, and is another.
            var storageId = new UUID(random.nextLong(), random.nextLong());
            return new ReplicaMeta(nodeId, storageId, 0, HardState.EMPTY, LogPosition.EMPTY);
        }
        var meta = ReplicaMeta.decode(value);
        if (meta.nodeId() != nodeId) {
            throw new WalException.Unusable(
                    "the directory belongs to node %d, this is node %d; give each replica its own volume back"
                            .formatted(meta.nodeId(), nodeId));
        }
        return meta;
    }

    /// The log has lost what the newest checkpoint holds: an older one, and the log again from there.
    private long rebuild(StreamStore store, Wal wal, boolean suspect) {
        replayed.clear();
        elections.clear();
        if (foreign) {
            store.reset();
        } else {
            store.truncated(wal.receivedLsn());
        }
        var from = store.appliedLsn();
        if (from < wal.startLsn() && suspect) {
            // It was being filled up from a peer, or what it lost lies below its checkpoints. Nothing here counts
            // anywhere: begin with nothing and ask again.
            store.reset();
            try {
                wal.restart(0, 0, 0);
            } catch (WalException.NoRoom full) {
                throw new WalException.Unusable("the log cannot be begun anew: " + full.getMessage());
            }
            return 0;
        }
        if (from < wal.startLsn()) {
            throw new WalException.Unusable(
                    "the log begins at %d and no checkpoint of the streams reaches so far".formatted(wal.startLsn()));
        }
        try (var reader = wal.newReader()) {
            LogReplay.replay(reader, from, wal.receivedLsn(), (header, payload) -> apply(store, header, payload));
        }
        return from;
    }

    private void apply(StreamStore store, EntryHeader header, ByteBuffer payload) {
        store.apply(header, payload);
        elections.apply(header, payload);
        var control = control(header, payload);
        if (control != null) {
            replayed.add(control);
        }
    }

    /// Null: the entry is not the protocol's.
    static @Nullable ControlEntry control(EntryHeader header, ByteBuffer payload) {
        return switch (header.type()) {
            case EPOCH_BEGIN ->
                new ControlEntry.EpochBegun(
                        ControlEntryCodec.epochBegin(payload).start(), header.endLsn());
            case CONFIG -> new ControlEntry.Configured(ControlEntryCodec.configuration(payload), header.endLsn());
            case RECORDS, STREAM_CONTROL -> null;
        };
    }

    /// The file for what lies before the replayed part, the log itself for the rest: the file may be ahead of a log
    /// that lost its tail.
    private List<EpochStart> lineage(List<EpochStart> inFile, long replayFrom) {
        var starts = new ArrayList<EpochStart>();
        for (var start : inFile) {
            if (start.startLsn() < replayFrom) {
                starts.add(start);
            }
        }
        for (var entry : replayed) {
            if (entry instanceof ControlEntry.EpochBegun(EpochStart start, long _)) {
                starts.add(start);
            }
        }
        return starts;
    }

    private List<LoggedConfiguration> configurations() {
        var logged = new ArrayList<LoggedConfiguration>();
        for (var entry : replayed) {
            if (entry instanceof ControlEntry.Configured configured) {
                logged.add(new LoggedConfiguration(configured.endLsn(), configured.configuration()));
            }
        }
        return logged;
    }
}
