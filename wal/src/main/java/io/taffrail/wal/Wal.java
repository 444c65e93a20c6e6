package io.taffrail.wal;

import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.record.EntryCursor;
import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import io.taffrail.wal.segment.DamagedSegmentException;
import io.taffrail.wal.segment.DiskReserve;
import io.taffrail.wal.segment.FreshCopy;
import io.taffrail.wal.segment.GroupFlusher;
import io.taffrail.wal.segment.LogEnd;
import io.taffrail.wal.segment.Recovery;
import io.taffrail.wal.segment.SegmentPreparer;
import io.taffrail.wal.segment.SegmentRebuild;
import io.taffrail.wal.segment.SegmentTable;
import io.taffrail.wal.segment.TailBuffer;
import io.taffrail.wal.segment.Truncation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// An append-only sequence of entries, addressed by LSN: the number of bytes of entries before it. Entries
/// stand in segment files; how, and what a crash may leave of them, is in wal/README.md.
///
/// Nothing here blocks for the disk or starts a thread: the owner's loop calls [#doWork]. Every method is the
/// loop's, except [#newReader] and what its doc says is for any thread.
///
/// Three positions, always `flushed <= reportable <= received`: **received** is the end of what was appended;
/// **flushed** is what survives power loss; **reportable** is how far `received` may be reported as an
/// asynchronous acknowledgement. It stops moving while bytes have been waiting for more than twice
/// `writerDelay` (the window gate, wal/README.md "Positions"), so that what is acknowledged and could be lost never
/// spans more than three times the delay.
public final class Wal implements AutoCloseable {
    /// Segment files that a log keeps open at once.
    public static final int MAX_OPEN_FILES = SegmentTable.MAX_OPEN_FILES;

    /// How long a blocking call waits for the disk before it looks again: a wake-up may be another's.
    private static final long AWAIT_NANOS = 1_000_000;

    private final LogDirectory directory;
    private final IoMethod io;
    private final LongSupplier nanoTime;
    private final WalListener listener;
    private final SegmentTable segments = new SegmentTable();
    private final TailBuffer tail;
    private final SegmentPreparer preparer;
    private final GroupFlusher flusher;
    private final DiskReserve reserve;
    private final FlushPolicy policy;
    private final WindowGate gate = new WindowGate();
    private final EntryCursor offered = new EntryCursor();
    private RecoveryReport recovery;
    private WalConfig config;
    private LogEnd corruptEnd = new LogEnd(0, 0, 0, 0, 0);
    private boolean corrupt;
    private @Nullable String failure;
    private boolean closed;

    /// Opens the log in the directory, or makes a new one, and recovers it; blocks while it reads.
    /// `durableHintLsn`: a position that the owner knows to have been flushed (0: none); a log that ends
    /// below it has lost bytes. The entries that are found are passed to `recovered`, in order, from
    /// `replayFromLsn` or the log's start. Throws [WalException.Unusable] for a directory that cannot be read
    /// or written, or that a later version wrote, [WalException.NoRoom] if it would have to be written and is full.
    public static Wal open(
            WalConfig config,
            LogDirectory directory,
            IoMethod io,
            LongSupplier nanoTime,
            WalListener listener,
            long durableHintLsn,
            long replayFromLsn,
            EntryConsumer recovered) {
        return open(config, directory, io, nanoTime, listener, durableHintLsn, replayFromLsn, false, recovered);
    }

    /// The same. `flushFailed`: a flush failed before the last process ended, and the files are read through
    /// the page cache, so that it may show what will never reach the disk: what nothing proves to have been
    /// flushed is written anew, to other files, before anything is made of it.
    public static Wal open(
            WalConfig config,
            LogDirectory directory,
            IoMethod io,
            LongSupplier nanoTime,
            WalListener listener,
            long durableHintLsn,
            long replayFromLsn,
            boolean flushFailed,
            EntryConsumer recovered) {
        var wal = new Wal(config, directory, io, nanoTime, listener);
        try {
            wal.recover(durableHintLsn, replayFromLsn, flushFailed, recovered);
        } catch (IOException e) {
            throw WalException.of("recovery of " + directory, e);
        }
        return wal;
    }

    /// `payload` is positioned at the entry's payload and valid only during the call.
    @FunctionalInterface
    public interface EntryConsumer {
        void accept(EntryHeader header, ByteBuffer payload);
    }

    private Wal(WalConfig config, LogDirectory directory, IoMethod io, LongSupplier nanoTime, WalListener listener) {
        this.config = config;
        this.directory = directory;
        this.io = io;
        this.nanoTime = nanoTime;
        this.listener = listener;
        var durable = !config.fsyncDisabled();
        this.tail = new TailBuffer(directory, segments, nanoTime, config.segmentBytes(), config.memoryBytes());
        this.reserve = new DiskReserve(directory, config.admissionReserveBytes());
        this.preparer = new SegmentPreparer(directory, io, reserve, config.segmentBytes(), durable);
        this.flusher = new GroupFlusher(tail, preparer, io, nanoTime, durable);
        this.policy = new FlushPolicy(config);
        this.recovery = new RecoveryReport(0, 0, RecoveryReport.Verdict.CLEAN, "", 0);
    }

    private void recover(long durableHintLsn, long replayFromLsn, boolean flushFailed, EntryConsumer recovered)
            throws IOException {
        for (var name : directory.list()) {
            if (name.endsWith(SegmentRebuild.SUFFIX)) {
                directory.delete(name);
            }
        }
        var found = new Recovery(
                        directory,
                        config.segmentBytes(),
                        !config.fsyncDisabled(),
                        durableHintLsn,
                        replayFromLsn,
                        recovered::accept)
                .run(segments);
        var prepared = found.prepared();
        // What a corrupt log holds before its end is proven: some witness speaks of bytes behind it.
        if (flushFailed && found.ending() != Recovery.Ending.CORRUPT) {
            var provenLsn = Math.min(found.end().lsn(), Math.max(durableHintLsn, found.syncedLsn()));
            FreshCopy.ofAllBeyond(provenLsn, directory, segments);
            if (prepared != null) {
                FreshCopy.giveUp(prepared, directory);
                prepared = null;
            }
        }
        tail.continueAt(found.end());
        preparer.continueAt(found.end().nextSequence(), prepared);
        gate.reset(found.end().lsn());
        corrupt = found.ending() == Recovery.Ending.CORRUPT;
        corruptEnd = found.end();
        recovery = new RecoveryReport(
                found.startLsn(), found.end().lsn(), verdict(found.ending()), found.detail(), found.scannedBytes());
        reserve.check(nanoTime.getAsLong());
    }

    static RecoveryReport.Verdict verdict(Recovery.Ending ending) {
        return switch (ending) {
            case CLEAN -> RecoveryReport.Verdict.CLEAN;
            case TORN -> RecoveryReport.Verdict.TORN;
            case CORRUPT -> RecoveryReport.Verdict.CORRUPT;
        };
    }

    public RecoveryReport recovery() {
        return recovery;
    }

    /// First LSN that is still there. Any thread.
    public long startLsn() {
        var first = segments.first();
        return first == null ? 0 : first.baseLsn();
    }

    /// Any thread.
    public long receivedLsn() {
        return tail.received();
    }

    /// Any thread.
    public long reportableLsn() {
        return gate.reportable();
    }

    /// Any thread.
    public long flushedLsn() {
        return tail.flushed();
    }

    /// `crc` of the last entry, 0 for an empty log.
    public int chainCrc() {
        return tail.chain();
    }

    /// Epoch of the last entry, 0 for an empty log.
    public long lastEpoch() {
        return tail.epoch();
    }

    /// Whether an entry of so many payload bytes fits the pending bytes and leaves the disk's reserve alone.
    public Admission admit(int payloadBytes) {
        var admission = admitFromReserve(payloadBytes);
        if (admission == Admission.FAILED || admission == Admission.TOO_LARGE || !reserve.isFull()) {
            return admission;
        }
        return reserve.hindrance() == null ? Admission.DISK_FULL : Admission.NO_SEGMENT;
    }

    /// Whether such an entry fits the pending bytes, though it takes of the reserve: for what frees a full disk.
    /// When not even the reserve is left, and nothing can be flushed, that is the end of it.
    public Admission admitFromReserve(int payloadBytes) {
        var length = payloadBytes + EntryHeader.SIZE_BYTES;
        var refused = refusal(payloadBytes > config.maxEntryBytes() - EntryHeader.SIZE_BYTES);
        if (refused != null) {
            return refused;
        }
        return mayBePending(length) && tail.hasRoom(length) ? Admission.ADMITTED : Admission.QUEUE_FULL;
    }

    /// Whether [#appendEncoded] of so many bytes of entries fits the pending bytes. What is not longer than one
    /// entry may be is never too large. The reserve is there for them, since what frees a full disk comes as such
    /// entries, too. They have to wait when not even that is left, and nothing can be flushed.
    public Admission admitEncoded(int encodedBytes) {
        var memory = TailBuffer.neededBytes(encodedBytes, config.maxEntryBytes(), config.segmentBytes());
        var refused = refusal(memory > config.memoryBytes());
        if (refused != null) {
            return refused;
        }
        return mayBePending(encodedBytes) && tail.hasRoomForEntries(encodedBytes, config.maxEntryBytes())
                ? Admission.ADMITTED
                : Admission.QUEUE_FULL;
    }

    private @Nullable Admission refusal(boolean tooLarge) {
        if (failure != null || corrupt || closed) {
            return Admission.FAILED;
        }
        return tooLarge ? Admission.TOO_LARGE : null;
    }

    /// One entry is always taken, or an entry longer than the limit would wait for ever.
    private boolean mayBePending(int entryBytes) {
        var pending = tail.received() - tail.flushed();
        return pending == 0 || pending + entryBytes <= config.pendingBytes();
    }

    /// What stands in the way of the next segment's file and is not a full disk: no file descriptor is left, say.
    public @Nullable String hindrance() {
        return reserve.hindrance();
    }

    public enum Admission {
        ADMITTED,
        QUEUE_FULL,
        DISK_FULL,
        /// The next segment's file cannot be made: [#hindrance] says why. It is tried again by itself.
        NO_SEGMENT,
        TOO_LARGE,
        FAILED
    }

    /// Appends one entry whose payload is the concatenation of the buffers' remaining bytes (their positions
    /// stay). The bytes are copied here and not again. Call only after [#admit]. Returns the entry's header.
    public EntryHeader append(EntryType type, long epoch, ByteBuffer... payload) {
        var length = EntryHeader.SIZE_BYTES;
        for (var part : payload) {
            length += part.remaining();
        }
        checkAppendable();
        if (length > config.maxEntryBytes()) {
            throw new IllegalArgumentException("W6: an entry of " + length + " bytes, at most " + config.maxEntryBytes()
                    + " fit: it was not admitted");
        }
        if (epoch < tail.epoch()) {
            throw new IllegalArgumentException("W1: epoch " + epoch + " after " + tail.epoch());
        }
        return tail.append(type, epoch, length, payload);
    }

    /// Appends entries that another replica's log holds, as they stand there: whole entries, the first at
    /// [#receivedLsn]. Throws [WalException.BadEntry], before anything is appended, if one is cut, does not
    /// follow on or fails its checksum. The buffer's position stays.
    public void appendEncoded(ByteBuffer entries) {
        checkAppendable();
        var bytes = entries.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        var end = bytes.limit();
        offered.reset(tail.received(), tail.chain(), tail.epoch());
        for (var at = bytes.position(); at < end; at += offered.lengthBytes()) {
            var wrong = offered.accept(bytes, at, end);
            if (wrong != null) {
                throw new WalException.BadEntry(wrong);
            }
            if (offered.lengthBytes() > config.maxEntryBytes()) {
                throw new WalException.BadEntry("entry of " + offered.lengthBytes() + " bytes, at most "
                        + config.maxEntryBytes() + " fit a segment of this replica");
            }
        }
        for (var at = bytes.position(); at < end; ) {
            var length = bytes.getInt(at + 4);
            tail.appendVerified(bytes, at, length, bytes.getInt(at), bytes.getLong(at + 16));
            at += length;
        }
    }

    private void checkAppendable() {
        if (failure != null || corrupt || closed) {
            throw new IllegalStateException("W7: append to a log that is "
                    + (closed ? "closed" : corrupt ? "corrupt from " + corruptEnd.lsn() + " on" : failure));
        }
    }

    /// Whether [#doWork] may stand still while the disk does a short write that nothing else is waiting behind: for an
    /// owner that has nobody else to serve meanwhile. False at first.
    public void mayWaitForDisk(boolean may) {
        flusher.mayWait(may);
    }

    /// A synchronous commit waits: flush what is there now as soon as group commit allows.
    public void requestFlush() {
        if (tail.openedNanos() != Long.MAX_VALUE) {
            policy.requested(nanoTime, tail);
        }
    }

    /// Submits what is due, takes in completions, calls the listener. Returns how much it did; 0: nothing.
    public int doWork(long nowNanos) {
        var done = io.poll();
        if (failure != null || closed) {
            return done;
        }
        done += advance();
        done += prepare(nowNanos);
        done += flush(nowNanos);
        if (flusher.mayHaveWaited()) {
            // What the disk has done by now counts in this turn: a follower says in one message what it has and has
            // flushed.
            done += io.poll() + advance();
        }
        if (reportFailure()) {
            return done + 1;
        }
        gate.update(nanoTime, config.writerDelayNanos(), tail);
        return done;
    }

    private int advance() {
        var groups = flusher.advance();
        if (groups > 0) {
            listener.flushed(tail.flushed());
        }
        return groups;
    }

    private int prepare(long nowNanos) {
        var checked = reserve.check(nowNanos) ? 1 : 0;
        return corrupt ? checked : checked + preparer.work(nowNanos);
    }

    private int flush(long nowNanos) {
        if (flusher.isReady() && policy.isDue(nowNanos, tail)) {
            tail.closeGroup();
            policy.closed();
        }
        return flusher.submit();
    }

    private boolean reportFailure() {
        var failed = flusher.failure() == null ? preparer.failure() : flusher.failure();
        if (failed == null) {
            return false;
        }
        failure = failed;
        listener.failed(failed);
        return true;
    }

    /// When [#doWork] has to be called again though nothing completes; [Long#MAX_VALUE]: no need.
    public long nextWorkNanos() {
        if (failure != null || closed) {
            return Long.MAX_VALUE;
        }
        // A group that cannot be written yet is woken by the completion that makes room for it.
        var flush = flusher.isReady() ? policy.dueNanos(tail) : Long.MAX_VALUE;
        return reserve.isFull() ? Math.min(flush, reserve.nextCheckNanos()) : flush;
    }

    /// Forgets everything from `lsn` on, which is an entry's start or the end: moves it to `diverged/`,
    /// overwrites it with zeros and flushes that before anything is appended. Nothing may be in flight: flush
    /// first. It also makes a log that was found CORRUPT writable again. Blocks. The owner lowers its durable
    /// hint first. Throws [WalException.NoRoom] while there is no room for the segment that the log goes on in, or
    /// for what is moved, and [WalException.Damaged] if the segment is not what was written before the cut.
    public void truncate(long lsn) {
        if (lsn < startLsn() || lsn > tail.received()) {
            throw new WalException.OutOfRange("LSN " + lsn + " is not within " + startLsn() + " to " + tail.received());
        }
        if (failure != null || tail.flushed() != tail.received()) {
            throw new IllegalStateException("W3: truncate while " + (tail.received() - tail.flushed())
                    + " bytes are not flushed" + (failure == null ? "" : ": " + failure));
        }
        if (lsn == tail.received() && !corrupt) {
            return;
        }
        try {
            var truncation = Truncation.at(lsn, directory, segments);
            if (truncation == null) {
                throw new WalException.OutOfRange("LSN " + lsn + " is not the start of an entry");
            }
            cut(truncation, lsn);
        } catch (DamagedSegmentException damaged) {
            throw new WalException.Damaged(damaged.lsn(), String.valueOf(damaged.getMessage()));
        } catch (IOException e) {
            failure = "truncation to " + lsn + ": " + e;
            throw new WalException.Unusable(failure);
        }
    }

    /// Forgets the whole log and goes on at `lsn`, behind an entry of `epoch` with the checksum `chainCrc`
    /// that this replica does not have: for one that is filled up from a peer whose log begins later. What it
    /// holds from `divergedLsn` on, as far as anything is known to be elsewhere, goes to `diverged/`; 0: nothing is
    /// known. The same conditions as [#truncate].
    public void restart(long lsn, long epoch, int chainCrc, long divergedLsn) {
        if (failure != null || tail.flushed() != tail.received()) {
            throw new IllegalStateException("W3: restart while " + (tail.received() - tail.flushed())
                    + " bytes are not flushed" + (failure == null ? "" : ": " + failure));
        }
        if (lsn < 0 || divergedLsn < 0) {
            throw new WalException.OutOfRange("LSN " + Math.min(lsn, divergedLsn));
        }
        // Of a log that was found CORRUPT there may be more than it knows of.
        var kept = divergedLsn < tail.received() || corrupt ? divergedLsn : Long.MAX_VALUE;
        try {
            cut(Truncation.restart(lsn, chainCrc, epoch, kept, directory, segments), lsn);
        } catch (IOException e) {
            failure = "restart at " + lsn + ": " + e;
            throw new WalException.Unusable(failure);
        }
    }

    private void cut(Truncation truncation, long lsn) throws IOException {
        while (!preparer.isReady()) {
            io.poll();
            if (preparer.work(nanoTime.getAsLong()) == 0 && !preparer.isBusy()) {
                var failed = preparer.failure();
                if (failed != null) {
                    throw new IOException(failed);
                }
                var hindrance = reserve.hindrance();
                throw new WalException.NoRoom(
                        "no room for segment " + preparer.sequence() + (hindrance == null ? "" : ": " + hindrance));
            }
            io.await(AWAIT_NANOS);
        }
        var sequence = preparer.sequence();
        var copyBytes = truncation.plan(sequence);
        var freeBytes = directory.freeBytes();
        if (freeBytes < copyBytes) {
            throw new WalException.NoRoom("no room for a copy of what is cut off: it takes " + copyBytes + " bytes, "
                    + freeBytes + " are free");
        }
        var file = preparer.take(sequence);
        if (file == null) {
            throw new IllegalStateException("segment " + sequence + " was ready");
        }
        tail.shrinkTo(lsn);
        var end = truncation.run(file, sequence, config.segmentBytes());
        corrupt = false;
        tail.continueAt(end);
        gate.reset(lsn);
        policy.closed();
    }

    /// Deletes whole segments below `lsn`; never the last two.
    public void trim(long lsn) {
        try {
            segments.trim(lsn, directory);
        } catch (IOException e) {
            throw new WalException.Unusable("trim to " + lsn + ": " + e);
        }
    }

    /// Changes the writer's settings and the reserve; a segment's size and `fsyncDisabled` stay as they were
    /// when the log was opened.
    public void reconfigure(WalConfig wanted) {
        if (wanted.segmentBytes() != config.segmentBytes() || wanted.fsyncDisabled() != config.fsyncDisabled()) {
            throw new IllegalArgumentException("segmentBytes and fsyncDisabled cannot change while the log is open");
        }
        config = wanted;
        policy.reconfigure(wanted);
        reserve.reserve(wanted.admissionReserveBytes());
        tail.resize(wanted.memoryBytes());
    }

    /// Any thread; one thread a reader.
    public WalReader newReader() {
        return new LogReader(tail, segments);
    }

    /// Any thread; one thread a scrubber.
    public WalScrubber newScrubber() {
        return new WalScrubber(segments, tail::flushed);
    }

    /// To write the segment that holds `lsn` anew; null: none that is sealed does.
    public @Nullable SegmentRebuild rebuild(long lsn) {
        return SegmentRebuild.of(lsn, tail.flushed(), directory, segments);
    }

    /// Whether a reader finds `lsn` in memory, for now. Any thread.
    public boolean isInMemory(long lsn) {
        return tail.cached(lsn) != null;
    }

    /// Any thread.
    public WalStats stats() {
        var oldest = tail.oldestUnflushedNanos();
        return new WalStats(
                flusher.flushes(),
                flusher.flushNanos(),
                flusher.lastFlushNanos(),
                flusher.flushedBytes(),
                flusher.flushedEntries(),
                tail.appendedEntries(),
                tail.received() - tail.flushed(),
                oldest == Long.MAX_VALUE ? 0 : Math.max(0, nanoTime.getAsLong() - oldest),
                gate.riskWindowNanos(),
                segments.size(),
                reserve.freeBytes());
    }

    /// Flushes what was appended and closes; blocks. Throws [WalException.Unusable] if the flush fails and
    /// the failure has not been reported.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        var failedBefore = failure != null;
        tail.closeGroup();
        while (failure == null && !(flusher.isIdle() && !preparer.isBusy())) {
            if (doWork(nanoTime.getAsLong()) > 0) {
                continue;
            }
            if (!flusher.isInFlight() && !preparer.isBusy() && failure == null) {
                failure = "no room for the segment that " + (tail.received() - tail.flushed())
                        + " bytes are to be flushed to";
            }
            io.await(AWAIT_NANOS);
        }
        while (flusher.isInFlight() || preparer.isBusy()) {
            io.await(AWAIT_NANOS);
            io.poll();
        }
        closed = true;
        try {
            segments.close();
            preparer.close();
        } catch (IOException e) {
            throw new WalException.Unusable("close: " + e);
        }
        if (failure != null && !failedBefore) {
            throw new WalException.Unusable("close: " + failure);
        }
    }
}
