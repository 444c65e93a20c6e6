package io.taffrail.wal.record;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Walks encoded entries and accepts one only if it follows on: its LSN, the `crc` of the entry before it, an
/// epoch that is not lower, and its own checksum. Not thread-safe; allocates nothing for a good entry.
public final class EntryCursor {
    private final CRC32C checksum = new CRC32C();
    private long lsn;
    private int chain;
    private long epoch;
    private int lengthBytes;

    /// The state in front of the next entry.
    public void reset(long lsn, int chain, long epoch) {
        this.lsn = lsn;
        this.chain = chain;
        this.epoch = epoch;
        this.lengthBytes = 0;
    }

    /// LSN of the next entry.
    public long lsn() {
        return lsn;
    }

    /// `crc` of the last accepted entry.
    public int chain() {
        return chain;
    }

    /// Epoch of the last accepted entry.
    public long epoch() {
        return epoch;
    }

    /// Length of the last accepted entry.
    public int lengthBytes() {
        return lengthBytes;
    }

    /// Accepts the entry at `index` of a little-endian buffer and moves behind it, or says what is wrong with
    /// it and stays. Nothing at or behind `end` is read.
    public @Nullable String accept(ByteBuffer bytes, int index, int end) {
        if (bytes.order() != ByteOrder.LITTLE_ENDIAN) {
            throw new IllegalArgumentException("entries are little-endian");
        }
        if (end - index < EntryHeader.SIZE_BYTES) {
            return "entry at " + lsn + " is cut: " + (end - index) + " bytes left";
        }
        var length = bytes.getInt(index + 4);
        if (length < EntryHeader.SIZE_BYTES || length > end - index) {
            return "entry at " + lsn + " claims " + length + " bytes, " + (end - index) + " are left";
        }
        if (bytes.getLong(index + 8) != lsn) {
            return "entry at " + lsn + " says that it is at " + bytes.getLong(index + 8);
        }
        if (bytes.getInt(index + 24) != chain) {
            return "entry at " + lsn + " follows " + hex(bytes.getInt(index + 24)) + ", not " + hex(chain);
        }
        if (bytes.getLong(index + 16) < epoch) {
            return "entry at " + lsn + " has epoch " + bytes.getLong(index + 16) + " after " + epoch;
        }
        var crc = checksum(bytes, index, length);
        if (bytes.getInt(index) != crc) {
            return "entry at " + lsn + " has checksum " + hex(crc) + ", not " + hex(bytes.getInt(index));
        }
        lsn += length;
        chain = crc;
        epoch = bytes.getLong(index + 16);
        lengthBytes = length;
        return null;
    }

    private int checksum(ByteBuffer bytes, int index, int length) {
        // Limit and position are put back: a slice would be an allocation per entry.
        var position = bytes.position();
        var limit = bytes.limit();
        bytes.limit(index + length).position(index + 4);
        checksum.reset();
        checksum.update(bytes);
        bytes.limit(limit).position(position);
        return (int) checksum.getValue();
    }

    private static String hex(int crc) {
        return String.format(Locale.ROOT, "%08x", crc);
    }
}
