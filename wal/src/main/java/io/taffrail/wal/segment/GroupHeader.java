package io.taffrail.wal.segment;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// In front of the entries that were flushed together, at a multiple of 4 KiB in the file, little-endian:
///
/// | at | bytes | |
/// |---|---|---|
/// | 0 | 4 | magic `TFGR` |
/// | 4 | 4 | CRC32C of the header from 8 on |
/// | 8 | 8 | `sequence` of the segment, so that a block of another file does not pass |
/// | 16 | 8 | `lsn` of the first entry |
/// | 24 | 8 | `epoch` of the entry before |
/// | 32 | 8 | `syncedLsn`: what the writer knew to be flushed; the witness for everything below it |
/// | 40 | 4 | `lengthBytes` of the entries |
/// | 44 | 4 | `entries`: how many |
/// | 48 | 4 | `chain`: `crc` of the entry before |
/// | 52 | 12 | 0 |
///
/// The entries follow without a gap; zeros fill the last block. Entries carry their own checksums.
public record GroupHeader(
        long sequence, long lsn, long epoch, long syncedLsn, int lengthBytes, int entries, int chain) {
    public static final int SIZE_BYTES = 64;
    static final int MAGIC = 0x52474654;

    public long endLsn() {
        return lsn + lengthBytes;
    }

    public boolean holds(long anLsn) {
        return lsn <= anLsn && anLsn < endLsn();
    }

    /// Bytes that the group takes in the file.
    public int fileBytes() {
        return Blocks.roundUp(SIZE_BYTES + lengthBytes);
    }

    public void write(ByteBuffer bytes, int index) {
        bytes.putInt(index, MAGIC);
        bytes.putLong(index + 8, sequence);
        bytes.putLong(index + 16, lsn);
        bytes.putLong(index + 24, epoch);
        bytes.putLong(index + 32, syncedLsn);
        bytes.putInt(index + 40, lengthBytes);
        bytes.putInt(index + 44, entries);
        bytes.putInt(index + 48, chain);
        bytes.putInt(index + 52, 0);
        bytes.putLong(index + 56, 0);
        bytes.putInt(index + 4, Blocks.checksum(bytes, index + 8, index + SIZE_BYTES));
    }

    /// Null: no valid header stands there.
    public static @Nullable GroupHeader read(ByteBuffer bytes, int index) {
        if (bytes.getInt(index) != MAGIC
                || bytes.getInt(index + 4) != Blocks.checksum(bytes, index + 8, index + SIZE_BYTES)) {
            return null;
        }
        var header = new GroupHeader(
                bytes.getLong(index + 8),
                bytes.getLong(index + 16),
                bytes.getLong(index + 24),
                bytes.getLong(index + 32),
                bytes.getInt(index + 40),
                bytes.getInt(index + 44),
                bytes.getInt(index + 48));
        return header.lengthBytes > 0 && header.entries > 0 && header.lsn >= 0 ? header : null;
    }
}
