package io.taffrail.wal;

import io.taffrail.wal.segment.Blocks;
import io.taffrail.wal.segment.TailBuffer;

/// Sizes in bytes, times in nanoseconds. The writer's settings (`writerDelayNanos` to `pendingBytes`) may
/// change while the log is open: [Wal#reconfigure].
///
/// @param segmentBytes size of a segment file, a multiple of 4 KiB
/// @param writerDelayNanos how long a byte may wait in the buffer before the writer flushes it unasked
/// @param groupCommitDelayNanos how long a requested flush waits for company, if `groupCommitSiblings` others
/// are waiting
/// @param groupCommitSiblings requests that must be waiting for the delay to apply (PostgreSQL
/// `commit_siblings`)
/// @param pendingBytes most bytes that may be appended and not flushed
/// @param tailCacheBytes newest bytes of the log that readers find in memory, those not flushed included; at least
/// `pendingBytes`, whatever this says
/// @param reserveBytes free space below which appends are refused
/// @param fsyncDisabled writes are never flushed: a crash may corrupt the log, not only shorten it
public record WalConfig(
        int segmentBytes,
        long writerDelayNanos,
        long groupCommitDelayNanos,
        int groupCommitSiblings,
        int pendingBytes,
        int tailCacheBytes,
        long reserveBytes,
        boolean fsyncDisabled) {
    public static final int MAX_ENTRY_BYTES = 16 << 20;
    public static final int MIN_SEGMENT_BYTES = 16 << 10;

    private static final int MAX_MEMORY_BYTES = 1 << 30;

    public WalConfig {
        if (segmentBytes < MIN_SEGMENT_BYTES || segmentBytes % Blocks.BLOCK_BYTES != 0) {
            throw new IllegalArgumentException("segmentBytes " + segmentBytes + ": a multiple of " + Blocks.BLOCK_BYTES
                    + ", at least " + MIN_SEGMENT_BYTES);
        }
        if (writerDelayNanos <= 0 || groupCommitDelayNanos < 0 || groupCommitSiblings < 0) {
            throw new IllegalArgumentException("writerDelayNanos " + writerDelayNanos + ", groupCommitDelayNanos "
                    + groupCommitDelayNanos + ", groupCommitSiblings " + groupCommitSiblings);
        }
        if (pendingBytes <= 0 || tailCacheBytes < 0 || reserveBytes < 0) {
            throw new IllegalArgumentException("pendingBytes " + pendingBytes + ", tailCacheBytes " + tailCacheBytes
                    + ", reserveBytes " + reserveBytes);
        }
    }

    public WalConfig withPendingBytes(int bytes) {
        return new WalConfig(
                segmentBytes,
                writerDelayNanos,
                groupCommitDelayNanos,
                groupCommitSiblings,
                bytes,
                tailCacheBytes,
                reserveBytes,
                fsyncDisabled);
    }

    /// Longest entry that is taken, its header included: it has to fit a segment.
    public int maxEntryBytes() {
        return Math.min(MAX_ENTRY_BYTES, TailBuffer.maxEntryBytes(segmentBytes));
    }

    /// Of the memory for the tail, outside the heap: any entry fits, wherever the memory's end is.
    public int memoryBytes() {
        var entry = (int) TailBuffer.neededBytes(maxEntryBytes(), maxEntryBytes(), segmentBytes);
        return Math.max(tailCacheBytes, Math.max(Blocks.roundUp(entry), Math.min(MAX_MEMORY_BYTES, pendingBytes)));
    }

    /// Free space at which appends are refused: what was taken still needs the current and the next segment.
    long admissionReserveBytes() {
        return reserveBytes + 2L * segmentBytes;
    }

    public static WalConfig defaults() {
        return new WalConfig(64 << 20, 10_000_000, 0, 5, 64 << 20, 96 << 20, 1L << 30, false);
    }
}
