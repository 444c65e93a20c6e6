package io.taffrail.wal.io.file;

/// Whether transfers pass through the page cache.
public enum Buffering {
    BUFFERED,
    /// O_DIRECT: the device's own time is all that a write takes, and what the log writes once does not push
    /// out of memory what others read often. Transfers are aligned to [ChannelLogFile#DIRECT_BLOCK_BYTES].
    DIRECT
}
