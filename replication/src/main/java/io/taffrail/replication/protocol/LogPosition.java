package io.taffrail.replication.protocol;

import java.util.Locale;

/// The end of a prefix of the log: two logs with equal positions hold the same bytes below them (I2).
///
/// @param lsn exclusive end of the prefix
/// @param epoch of the last entry below, 0 for the empty prefix
/// @param chainCrc `crc` of that entry, which vouches for everything before it
public record LogPosition(long lsn, long epoch, int chainCrc) {
    public static final LogPosition EMPTY = new LogPosition(0, 0, 0);

    /// Ordered by the epoch of the last entry and then by length. Never by promised epochs: a replica may have
    /// promised much and hold little.
    public boolean isAheadOf(LogPosition other) {
        return epoch > other.epoch || (epoch == other.epoch && lsn > other.lsn);
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%s(e%s,%08x)", lsn, epoch, chainCrc);
    }
}
