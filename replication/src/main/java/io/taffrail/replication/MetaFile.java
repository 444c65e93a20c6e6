package io.taffrail.replication;

import io.taffrail.replication.codec.ReplicaMeta;
import io.taffrail.replication.protocol.EpochStart;
import io.taffrail.replication.protocol.HardState;
import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.wal.SlotFile;
import io.taffrail.wal.segment.DiskReserve;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// What the replica keeps besides its log: the hard state and the lineage. Writes are carried out in order, so the
/// durability of one implies that of all before it.
final class MetaFile implements AutoCloseable {
    private final SlotFile meta;
    private final LineageFile lineage;
    private final int nodeId;
    private final UUID storageId;
    private final long incarnation;
    private final Consumer<String> failed;

    private HardState hard;
    private long hintLsn;
    private long hintCeilingLsn = Long.MAX_VALUE;
    private int writing;
    /// There was no room for it.
    private @Nullable List<EpochStart> unwritten;
    private long nextTryNanos = Long.MIN_VALUE;

    MetaFile(SlotFile meta, LineageFile lineage, ReplicaMeta now, Consumer<String> failed) {
        this.meta = meta;
        this.lineage = lineage;
        this.nodeId = now.nodeId();
        this.storageId = now.storageId();
        this.incarnation = now.incarnation();
        this.hard = now.hard();
        this.hintLsn = now.durableHint().lsn();
        this.failed = failed;
    }

    /// With it goes what is flushed at that time, as a witness against a log that has lost bytes.
    void write(HardState next, long flushedLsn, long version, LongConsumer durable) {
        hard = next;
        hintLsn = Math.min(hintCeilingLsn, Math.max(hintLsn, flushedLsn));
        write(() -> durable.accept(version));
    }

    /// Before the log is cut: the witness must not testify against the cut, nor must what is written until
    /// [#cutDone].
    void lowerHint(long lsn, Runnable durable) {
        hintCeilingLsn = lsn;
        if (hintLsn <= lsn) {
            durable.run();
            return;
        }
        hintLsn = lsn;
        write(durable);
    }

    void cutDone() {
        hintCeilingLsn = Long.MAX_VALUE;
    }

    private void write(Runnable durable) {
        var value = new ReplicaMeta(nodeId, storageId, incarnation, hard, new LogPosition(hintLsn, 0, 0))
                .encode(SlotFile.MAX_VALUE_BYTES);
        writing++;
        meta.write(value, error -> done(error, "meta", durable));
    }

    void write(List<EpochStart> starts) {
        writing++;
        unwritten = null;
        if (!lineage.write(starts, error -> done(error, "lineage", () -> {}))) {
            writing--;
            unwritten = starts;
        }
    }

    /// Call now and then: others may have filled the disk, which ends by itself.
    void tryAgain(long nowNanos) {
        var starts = unwritten;
        if (starts != null && nowNanos >= nextTryNanos) {
            nextTryNanos = nowNanos + DiskReserve.CHECK_NANOS;
            write(starts);
        }
    }

    private void done(@Nullable String error, String file, Runnable durable) {
        writing--;
        if (error == null) {
            durable.run();
        } else {
            failed.accept(file + ": " + error);
        }
    }

    /// What a write of either file failed with, also one that nobody waits for; null: none has.
    @Nullable
    String failure() {
        var ofMeta = meta.failure();
        return ofMeta != null ? ofMeta : lineage.failure();
    }

    /// A checkpoint of the streams shortens what recovery reads of the log; what these files hold of the part that
    /// it leaves out must be durable before.
    boolean isSettled() {
        return writing == 0 && unwritten == null;
    }

    /// What waits for room is not under way. The next process finds it in the log, behind the newest checkpoint.
    boolean isWriting() {
        return writing > 0;
    }

    @Override
    public void close() {
        meta.close();
        lineage.close();
    }
}
