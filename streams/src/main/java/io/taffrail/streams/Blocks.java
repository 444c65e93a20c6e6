package io.taffrail.streams;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/// The unit of checkpoints and index files: 4 KiB, little-endian.
///
/// | at | bytes | |
/// |---|---|---|
/// | 0 | 4 | CRC32C of the block from 4 on |
/// | 4 | 4 | number of the block in the file |
/// | 8 | 8 | the file's id, a hash of its kind and its name's numbers |
/// | 16 | 4080 | payload, zeros behind its end |
///
/// A flipped bit fails the checksum; a block at a wrong place, or of another file, fails the number or the id.
final class Blocks {
    static final int SIZE_BYTES = 4096;
    static final int HEADER_BYTES = 16;
    static final int PAYLOAD_BYTES = SIZE_BYTES - HEADER_BYTES;

    private Blocks() {}

    /// How many blocks so many bytes of payload take.
    static long count(long payloadBytes) {
        return (payloadBytes + PAYLOAD_BYTES - 1) / PAYLOAD_BYTES;
    }

    static void seal(ByteBuffer buffer, int at, long fileId, int number) {
        buffer.putInt(at + 4, number);
        buffer.putLong(at + 8, fileId);
        buffer.putInt(at, crc(buffer, at));
    }

    static void verify(ByteBuffer buffer, int at, long fileId, int number, String fileName) {
        var intact = buffer.getInt(at) == crc(buffer, at)
                && buffer.getInt(at + 4) == number
                && buffer.getLong(at + 8) == fileId;
        if (!intact) {
            throw new CorruptStateException("block " + number + " of " + fileName + " is damaged");
        }
    }

    static ByteBuffer allocate(int blocks) {
        return ByteBuffer.allocate(blocks * SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int crc(ByteBuffer buffer, int at) {
        var crc = new CRC32C();
        crc.update(buffer.slice(at + 4, SIZE_BYTES - 4));
        return (int) crc.getValue();
    }
}
