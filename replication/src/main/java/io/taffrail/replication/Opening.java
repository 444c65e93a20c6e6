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
import io.taffrail.wal.io.Errno;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.record.EntryHeader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
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
            Consumer<String> streamsListener,
            RandomGenerator random) {
        try {
            return new Opening()
                    .read(config, streams, directory, io, background, nanoTime, walListener, streamsListener, random);
        } catch (UncheckedIOException e) {
            var cause = e.getCause();
            throw cause == null ? e : refused(cause);
        } catch (IOException e) {
            throw refused(e);
        }
    }

    private static RuntimeException refused(IOException cause) {
        return Errno.isNoRoom(cause)
                ? WalException.of("the directory cannot be opened", cause)
                : new UncheckedIOException(cause);
    }

    private Opened read(
            ReplicaConfig config,
            StreamStoreConfig streams,
            LogDirectory directory,
            IoMethod io,
            Executor background,
            LongSupplier nanoTime,
            WalListener walListener,
            Consumer<String> streamsListener,
            RandomGenerator random)
            throws IOException {
        var metaSlot = SlotFile.open(directory, "meta", io);
        var lineageFile = LineageFile.open(directory, io);
        var before = previous(metaSlot.value(), config.nodeId(), random);
        var streamsFolder = directory.subdirectory("streams");
        var store = StreamStore.open(streamsFolder, background, streams, streamsListener);
        // A checkpoint holds only what was flushed: a log that ends below it has lost bytes.
        var flushedLsn = Math.max(before.durableHint().lsn(), store.appliedLsn());
        var logFolder = directory.subdirectory("log");
        var hard = before.hard();
        var suspectKept = hard.suspect();
        Wal wal;
        long replayFrom;
        while (true) {
            replayFrom = store.appliedLsn();
            var chain = store.appliedChainCrc();
            wal = Wal.open(
                    config.wal(),
                    logFolder,
                    io,
                    nanoTime,
                    walListener,
                    flushedLsn,
                    replayFrom,
                    config.flushFailed(),
                    (header, payload) -> replay(store, header, payload));
            hard = hard.withSuspect(hard.suspect() || wal.recovery().verdict() == RecoveryReport.Verdict.CORRUPT);
            foreign |= replayFrom == wal.receivedLsn() && chain != wal.chainCrc();
            if (!foreign && store.appliedLsn() == wal.receivedLsn()) {
                break;
            }
            if (hard.suspect() && !suspectKept) {
                keepSuspect(metaSlot, before);
                suspectKept = true;
            }
            if (!goBack(store, wal, hard.suspect())) {
                replayFrom = 0;
                break;
            }
            wal.close();
        }
        // No checkpoint holds what may be cut, so `meta` is right below it; above, a process may have ended between
        // a cut and the write of `meta` that tells of it.
        hard = hard.withConfigurationsFrom(replayFrom, configurations());
        var end = new LogPosition(wal.receivedLsn(), wal.lastEpoch(), wal.chainCrc());
        var meta = new ReplicaMeta(
                before.nodeId(), before.storageId(), before.incarnation() + 1, hard, before.durableHint());
        var start = new ReplicationCore.Start(
                meta.nodeId(),
                meta.storageId(),
                meta.incarnation(),
                hard,
                lineage(lineageFile.found(), replayFrom),
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
                    "the directory belongs to node %s, this is node %s; give each replica its own volume back"
                            .formatted(meta.nodeId(), nodeId));
        }
        return meta;
    }

    private void replay(StreamStore store, EntryHeader header, ByteBuffer payload) {
        foreign |= header.lsn() == store.appliedLsn() && header.chainPrevious() != store.appliedChainCrc();
        if (!foreign && header.lsn() == store.appliedLsn()) {
            apply(store, header, payload);
        }
    }

    /// The log has lost what the newest checkpoint holds, or that is not of this log: an older one, or none.
    /// True: the log goes on from there, and is to be opened once more, since nothing has verified it that far
    /// down. False: it was begun anew.
    private boolean goBack(StreamStore store, Wal wal, boolean suspect) {
        replayed.clear();
        elections.clear();
        foreign = false;
        if (store.appliedLsn() > wal.receivedLsn()) {
            store.truncated(wal.receivedLsn());
        } else if (store.appliedLsn() >= wal.startLsn()) {
            // Its entries are not those that stand there.
            store.reset();
        }
        if (store.appliedLsn() >= wal.startLsn()) {
            return true;
        }
        if (!suspect) {
            throw new WalException.Unusable(
                    "the log begins at %s and no checkpoint of the streams reaches so far".formatted(wal.startLsn()));
        }
        // It was being filled up from a peer, or what it lost lies below its checkpoints. Nothing here counts
        // anywhere: begin with nothing and ask again.
        store.reset();
        try {
            wal.restart(0, 0, 0, 0);
        } catch (WalException.NoRoom full) {
            // Waiting here would wait without a status, since nothing runs yet; the next process tries again.
            throw new WalException.NoRoom("the log has to be begun anew: " + full.getMessage());
        }
        return false;
    }

    /// What tells that bytes are missing may be a checkpoint, which going back deletes. A process that ends between
    /// that and its first write of `meta` must not leave a log that is taken for whole.
    private static void keepSuspect(SlotFile metaSlot, ReplicaMeta before) {
        var suspect = new ReplicaMeta(
                before.nodeId(),
                before.storageId(),
                before.incarnation(),
                before.hard().withSuspect(true),
                before.durableHint());
        metaSlot.write(suspect.encode(SlotFile.MAX_VALUE_BYTES), _ -> {});
        metaSlot.awaitWrites();
        var failure = metaSlot.failure();
        if (failure != null) {
            throw new WalException.Unusable(failure);
        }
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
