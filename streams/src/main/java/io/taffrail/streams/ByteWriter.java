package io.taffrail.streams;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// Little-endian values into a buffer that grows; strings as length (2 bytes) and UTF-8.
final class ByteWriter {
    private ByteBuffer buffer = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);

    void putByte(int value) {
        room(1).put((byte) value);
    }

    void putShort(int value) {
        room(2).putShort((short) value);
    }

    void putInt(int value) {
        room(4).putInt(value);
    }

    void putLong(long value) {
        room(8).putLong(value);
    }

    /// At most 65,535 bytes of UTF-8; the rules in [Names] keep it far below.
    void putString(String value) {
        var bytes = value.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > 0xffff) {
            throw new IllegalArgumentException("a string of " + bytes.length + " bytes: at most 65535");
        }
        putShort(bytes.length);
        room(bytes.length).put(bytes);
    }

    int size() {
        return buffer.position();
    }

    void clear() {
        buffer.clear();
    }

    /// What was written, without copying it.
    ByteBuffer toBuffer() {
        return buffer.duplicate().flip().order(ByteOrder.LITTLE_ENDIAN);
    }

    private ByteBuffer room(int bytes) {
        if (buffer.remaining() < bytes) {
            var grown = ByteBuffer.allocate(Math.max(buffer.capacity() * 2, buffer.position() + bytes))
                    .order(ByteOrder.LITTLE_ENDIAN);
            buffer = grown.put(buffer.flip());
        }
        return buffer;
    }
}
