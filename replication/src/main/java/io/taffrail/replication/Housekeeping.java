package io.taffrail.replication;

import io.taffrail.replication.port.EventLoop;
import io.taffrail.replication.protocol.ReplicationCore;
import io.taffrail.streams.StreamStore;
import io.taffrail.wal.Wal;
import java.util.function.Consumer;

/// What has to be done now and then: what retention asks for is logged, the streams' state is checkpointed, the log
/// that nobody needs any more is deleted.
final class Housekeeping {
    private static final long INTERVAL_NANOS = 1_000_000_000;
    /// Between attempts at a checkpoint that cannot be written.
    private static final long RETRY_NANOS = 10 * INTERVAL_NANOS;

    private final Wal wal;
    private final StreamStore store;
    private final ReplicationCore core;
    private final MetaFile metaFile;
    private final EventLoop loop;
    private long nextNanos = Long.MIN_VALUE;
    private long nextRetryNanos = Long.MIN_VALUE;
    private boolean lineageChanged;
    /// Of what retention has asked for: no client's limits hold for it, so as long as there is any it asks for no more.
    private int unanswered;

    Housekeeping(Wal wal, StreamStore store, ReplicationCore core, MetaFile metaFile, EventLoop loop) {
        this.wal = wal;
        this.store = store;
        this.core = core;
        this.metaFile = metaFile;
        this.loop = loop;
    }

    /// To be written once the core has heard of it as well.
    void lineageChanged() {
        lineageChanged = true;
    }

    void doWork() {
        // What came with a seed says more than a log that is still short of the streams' state: a crash once it is not
        // leaves a start that reads nothing below that.
        if (lineageChanged && core.isRefilled()) {
            lineageChanged = false;
            metaFile.write(core.lineage());
        }
        // A checkpoint shortens what recovery reads of the log: what the small files hold of that part comes first.
        // And what a majority has not flushed may still be cut, which would cost the checkpoint.
        if (metaFile.isSettled() && !lineageChanged) {
            store.checkpointIfDue(Math.min(wal.flushedLsn(), core.watermarks().quorumFlushed()));
        }
    }

    void tick(long nowNanos, ReplicaSettings settings, Scrubbing scrubbing, Consumer<InboxItem> log) {
        if (nowNanos < nextNanos) {
            return;
        }
        if (core.isOpen() && unanswered == 0) {
            for (var command : store.retention(settings.streams(), loop.wallMillis())) {
                unanswered++;
                log.accept(new InboxItem.Command(command, _ -> unanswered--));
            }
        }
        if (nowNanos >= nextRetryNanos) {
            nextRetryNanos = nowNanos + RETRY_NANOS;
            store.retryCheckpoint();
        }
        // The others trim when their own checkpoints let them: what only this log still holds, and no stream shows,
        // cannot be repaired and need not be. Nor does a full disk keep it: what was trimmed would be given back with
        // the second checkpoint from now on, and a log that takes no appends may never be due for that. (Until there
        // are two, and 0 is needed, only the log makes up for a damaged one.)
        var needed = store.neededLsn();
        var isFull = needed > 0 && wal.admit(0) == Wal.Admission.DISK_FULL;
        var unneeded =
                Math.max(needed, Math.min(isFull ? Long.MAX_VALUE : scrubbing.lostLsn(), store.leastNeededLsn()));
        // Never what a majority has not flushed, and never what a member still has to be sent.
        var neededByMembers = core.neededByMembersLsn(scrubbing::isDamaged);
        wal.trim(Math.min(unneeded, Math.min(core.watermarks().quorumFlushed(), neededByMembers)));
        // After all of it: the loop has as long for everything else, however slow the disk was.
        nextNanos = loop.nanoTime() + INTERVAL_NANOS;
    }
}
