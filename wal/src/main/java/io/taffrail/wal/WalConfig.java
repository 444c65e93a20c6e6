package io.taffrail.wal;

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
/// @param tailCacheBytes newest bytes of the log that readers find in memory, `pendingBytes` included
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

    public static WalConfig defaults() {
        return new WalConfig(64 << 20, 10_000_000, 0, 5, 64 << 20, 96 << 20, 1L << 30, false);
    }
}
