package io.taffrail.wal;

import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import java.nio.ByteBuffer;
import java.util.function.LongSupplier;

/// An append-only sequence of entries, addressed by LSN: the number of bytes of entries before it. Entries
/// stand in segment files; how, and what a crash may leave of them, is in wal/README.md.
///
/// Nothing here blocks for the disk or starts a thread: the owner's loop calls [#doWork]. Every method is the
/// loop's, except [#newReader] and what its doc says is for any thread.
///
/// Three positions, always `flushed <= reportable <= received`: **received** is the end of what was appended;
/// **flushed** is what survives power loss; **reportable** is how far `received` may be reported as an
/// asynchronous acknowledgement. It stops moving while bytes have been waiting for more than twice
/// `writerDelay` (the window gate: replication.md 1.3), so that what is acknowledged and could be lost never
/// spans more than three times the delay.
public final class Wal implements AutoCloseable {
    /// Opens the log in the directory, or makes a new one, and recovers it; blocks while it reads.
    /// `durableHintLsn`: a position that the owner knows to have been flushed (0: none); a log that ends
    /// below it has lost bytes. The entries that are found are passed to `recovered`, in order, from
    /// `replayFromLsn` or the log's start.
    public static Wal open(
            WalConfig config,
            LogDirectory directory,
            IoMethod io,
            LongSupplier nanoTime,
            WalListener listener,
            long durableHintLsn,
            long replayFromLsn,
            EntryConsumer recovered) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// `payload` is positioned at the entry's payload and valid only during the call.
    @FunctionalInterface
    public interface EntryConsumer {
        void accept(EntryHeader header, ByteBuffer payload);
    }

    public RecoveryReport recovery() {
        throw new UnsupportedOperationException("not built yet");
    }

    /// First LSN that is still there. Any thread.
    public long startLsn() {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Any thread.
    public long receivedLsn() {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Any thread.
    public long reportableLsn() {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Any thread.
    public long flushedLsn() {
        throw new UnsupportedOperationException("not built yet");
    }

    /// `crc` of the last entry, 0 for an empty log.
    public int chainCrc() {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Epoch of the last entry, 0 for an empty log.
    public long lastEpoch() {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Whether an entry of so many payload bytes fits the pending bytes and leaves the disk's reserve alone.
    public Admission admit(int payloadBytes) {
        throw new UnsupportedOperationException("not built yet");
    }

    public enum Admission {
        ADMITTED,
        QUEUE_FULL,
        DISK_FULL,
        TOO_LARGE,
        FAILED
    }

    /// Appends one entry whose payload is the concatenation of the buffers' remaining bytes (their positions
    /// stay). The bytes are copied here and not again. Call only after [#admit]. Returns the entry's header.
    public EntryHeader append(EntryType type, long epoch, ByteBuffer... payload) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Appends entries that another replica's log holds, as they stand there: whole entries, the first at
    /// [#receivedLsn]. Throws [WalException.BadEntry], before anything is appended, if one is cut, does not
    /// follow on or fails its checksum.
    public void appendEncoded(ByteBuffer entries) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// A synchronous commit waits: flush what is there now as soon as group commit allows.
    public void requestFlush() {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Submits what is due, takes in completions, calls the listener. Returns how much it did; 0: nothing.
    public int doWork(long nowNanos) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// When [#doWork] has to be called again though nothing completes; [Long#MAX_VALUE]: no need.
    public long nextWorkNanos() {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Forgets everything from `lsn` on, which is an entry's boundary: moves it to `diverged/`, overwrites it
    /// with zeros and flushes that before anything is appended. Nothing may be in flight: flush first.
    /// Blocks.
    public void truncate(long lsn) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Deletes whole segments below `lsn`; never the last two.
    public void trim(long lsn) {
        throw new UnsupportedOperationException("not built yet");
    }

    public void reconfigure(WalConfig config) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Any thread; one thread a reader.
    public WalReader newReader() {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Any thread.
    public WalStats stats() {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Flushes what was appended and closes; blocks.
    @Override
    public void close() {
        throw new UnsupportedOperationException("not built yet");
    }
}
