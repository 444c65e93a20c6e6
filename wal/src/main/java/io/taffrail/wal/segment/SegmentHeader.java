package io.taffrail.wal.segment;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// First block of a segment file, little-endian; all zeros in a file that is prepared and not yet used:
///
/// | at | bytes | |
/// |---|---|---|
/// | 0 | 4 | magic `TFSG` |
/// | 4 | 4 | CRC32C of the block from 8 on |
/// | 8 | 4 | format version, 1 |
/// | 12 | 4 | length of the file |
/// | 16 | 8 | `sequence`: the file's number, as in its name |
/// | 24 | 8 | `previousSequence`: of the segment before it, 0: none |
/// | 32 | 8 | `baseLsn`: where its entries begin |
/// | 40 | 8 | `epoch` of the entry before |
/// | 48 | 8 | `syncedLsn`: what the writer knew to be flushed |
/// | 56 | 4 | `chain`: `crc` of the entry before |
/// | 60 | 4036 | 0 |
///
/// A segment cuts off what segments of lower sequence hold from its `baseLsn` on: one durable block truncates
/// a log of any length.
public record SegmentHeader(
        int segmentBytes, long sequence, long previousSequence, long baseLsn, long epoch, long syncedLsn, int chain) {
    static final int MAGIC = 0x47534654;
    static final int VERSION = 1;

    SegmentHeader withSyncedLsn(long lsn) {
        return new SegmentHeader(segmentBytes, sequence, previousSequence, baseLsn, epoch, lsn, chain);
    }

    /// Fills the block at `index`.
    public void write(ByteBuffer bytes, int index) {
        Blocks.zero(bytes, index, index + Blocks.BLOCK_BYTES);
        bytes.putInt(index, MAGIC);
        bytes.putInt(index + 8, VERSION);
        bytes.putInt(index + 12, segmentBytes);
        bytes.putLong(index + 16, sequence);
        bytes.putLong(index + 24, previousSequence);
        bytes.putLong(index + 32, baseLsn);
        bytes.putLong(index + 40, epoch);
        bytes.putLong(index + 48, syncedLsn);
        bytes.putInt(index + 56, chain);
        bytes.putInt(index + 4, Blocks.checksum(bytes, index + 8, index + Blocks.BLOCK_BYTES));
    }

    /// Null: no valid header of a known version stands there.
    public static @Nullable SegmentHeader read(ByteBuffer bytes, int index) {
        if (bytes.getInt(index) != MAGIC
                || bytes.getInt(index + 4) != Blocks.checksum(bytes, index + 8, index + Blocks.BLOCK_BYTES)
                || bytes.getInt(index + 8) != VERSION) {
            return null;
        }
        return new SegmentHeader(
                bytes.getInt(index + 12),
                bytes.getLong(index + 16),
                bytes.getLong(index + 24),
                bytes.getLong(index + 32),
                bytes.getLong(index + 40),
                bytes.getLong(index + 48),
                bytes.getInt(index + 56));
    }

    /// A block that is valid but of a format that this version does not know, so that the log must not be
    /// touched.
    static boolean isOtherVersion(ByteBuffer bytes, int index) {
        return bytes.getInt(index) == MAGIC
                && bytes.getInt(index + 4) == Blocks.checksum(bytes, index + 8, index + Blocks.BLOCK_BYTES)
                && bytes.getInt(index + 8) != VERSION;
    }
}
