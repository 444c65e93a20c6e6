package io.taffrail.wal.record;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// The fixed part in front of every entry, little-endian:
///
/// | at | bytes | |
/// |---|---|---|
/// | 0 | 4 | `crc`: CRC32C of the bytes from 4 to the entry's end |
/// | 4 | 4 | `lengthBytes`: of the whole entry, this header included |
/// | 8 | 8 | `lsn` of the entry's first byte |
/// | 16 | 8 | `epoch` |
/// | 24 | 4 | `chainPrevious`: `crc` of the entry before it, 0 for the log's first |
/// | 28 | 1 | `type` |
/// | 29 | 3 | 0 |
///
/// The checksum covers `chainPrevious`, so an entry's `crc` vouches for the whole log up to its end: two
/// replicas compare a prefix by one number.
public record EntryHeader(int crc, int lengthBytes, long lsn, long epoch, int chainPrevious, EntryType type) {
    public static final int SIZE_BYTES = 32;

    public long endLsn() {
        return lsn + lengthBytes;
    }

    public int payloadBytes() {
        return lengthBytes - SIZE_BYTES;
    }

    /// Reads the header at `index` without moving the buffer's position; does not verify `crc`.
    public static EntryHeader read(ByteBuffer buffer, int index) {
        var bytes = buffer.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        return new EntryHeader(
                bytes.getInt(index),
                bytes.getInt(index + 4),
                bytes.getLong(index + 8),
                bytes.getLong(index + 16),
                bytes.getInt(index + 24),
                EntryType.of(bytes.get(index + 28)));
    }
}
