package io.taffrail.wal.segment;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/// The unit in which segments are laid out and written.
public final class Blocks {
    /// Unit of direct I/O, and at least the device's atomic write on everything in use: a flushed block is
    /// never written again, so that no torn write can reach bytes that were flushed.
    public static final int BLOCK_BYTES = 4096;

    private Blocks() {}

    public static int roundUp(int bytes) {
        return (bytes + BLOCK_BYTES - 1) & -BLOCK_BYTES;
    }

    public static long roundUp(long bytes) {
        return (bytes + BLOCK_BYTES - 1) & -BLOCK_BYTES;
    }

    /// Zeroed memory fit for direct I/O, little-endian.
    public static ByteBuffer allocate(int bytes) {
        return ByteBuffer.allocateDirect(roundUp(bytes) + BLOCK_BYTES)
                .alignedSlice(BLOCK_BYTES)
                .limit(bytes)
                .slice()
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    static int checksum(ByteBuffer bytes, int from, int to) {
        var view = bytes.duplicate().limit(to).position(from);
        var crc = new CRC32C();
        crc.update(view);
        return (int) crc.getValue();
    }

    static boolean isZero(ByteBuffer bytes, int from, int to) {
        var at = from;
        for (; at + Long.BYTES <= to; at += Long.BYTES) {
            if (bytes.getLong(at) != 0) {
                return false;
            }
        }
        for (; at < to; at++) {
            if (bytes.get(at) != 0) {
                return false;
            }
        }
        return true;
    }

    static void zero(ByteBuffer bytes, int from, int to) {
        var at = from;
        for (; at < to && (at & 7) != 0; at++) {
            bytes.put(at, (byte) 0);
        }
        for (; at + Long.BYTES <= to; at += Long.BYTES) {
            bytes.putLong(at, 0);
        }
        for (; at < to; at++) {
            bytes.put(at, (byte) 0);
        }
    }
}
