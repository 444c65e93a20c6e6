package io.taffrail.service.rpc;

import io.netty.buffer.Unpooled;
import io.vertx.core.buffer.Buffer;
import java.nio.ByteBuffer;
import java.util.Arrays;

/// Messages on their way out, one behind the other, each with the five bytes in front that gRPC wants. The plain
/// protobuf writers are here so that an acknowledgement costs no object.
public final class FrameBuffer {
    private static final int PREFIX_BYTES = 5;
    private static final int FIRST_CAPACITY_BYTES = 512;
    private static final int KEPT_CAPACITY_BYTES = 16 << 10;
    private byte[] bytes;
    private int length;
    private int messageStart = -1;

    public FrameBuffer() {
        this(FIRST_CAPACITY_BYTES);
    }

    public FrameBuffer(int capacityBytes) {
        bytes = new byte[capacityBytes];
    }

    public boolean isEmpty() {
        return length == 0;
    }

    public int lengthBytes() {
        return length;
    }

    /// What [#take] will keep in memory.
    int memoryBytes() {
        return length <= KEPT_CAPACITY_BYTES ? length : bytes.length;
    }

    /// Makes room for so much more, and for no more than that.
    public void makeRoom(int count) {
        if (bytes.length - length < count) {
            bytes = Arrays.copyOf(bytes, length + count);
        }
    }

    public void beginMessage() {
        if (messageStart >= 0) {
            throw new IllegalStateException("a message is open");
        }
        ensure(PREFIX_BYTES);
        messageStart = length;
        length += PREFIX_BYTES;
    }

    public void endMessage() {
        var size = length - messageStart - PREFIX_BYTES;
        bytes[messageStart] = 0;
        bytes[messageStart + 1] = (byte) (size >>> 24);
        bytes[messageStart + 2] = (byte) (size >>> 16);
        bytes[messageStart + 3] = (byte) (size >>> 8);
        bytes[messageStart + 4] = (byte) size;
        messageStart = -1;
    }

    public void message(byte[] encoded) {
        beginMessage();
        raw(encoded, 0, encoded.length);
        endMessage();
    }

    public void raw(byte[] source, int offset, int count) {
        ensure(count);
        System.arraycopy(source, offset, bytes, length, count);
        length += count;
    }

    /// The buffer's remaining bytes; its position stays.
    public void raw(ByteBuffer source) {
        var count = source.remaining();
        ensure(count);
        source.get(source.position(), bytes, length, count);
        length += count;
    }

    /// A field of wire type 0; left out where proto3 leaves it out.
    public void varintField(int field, long value) {
        if (value != 0) {
            varint((long) field << 3);
            varint(value);
        }
    }

    public void bytesField(int field, byte[] value) {
        varint(((long) field << 3) | 2);
        varint(value.length);
        raw(value, 0, value.length);
    }

    /// Tag and length of a nested message or string whose bytes the caller writes next.
    public void lengthField(int field, int lengthBytes) {
        varint(((long) field << 3) | 2);
        varint(lengthBytes);
    }

    /// A nested message of less than 128 bytes: call [#endShortField] with what this returns.
    public int beginShortField(int field) {
        varint(((long) field << 3) | 2);
        ensure(1);
        return length++;
    }

    public void endShortField(int start) {
        var size = length - start - 1;
        if (size > 127) {
            throw new IllegalStateException("the nested message has " + size + " bytes, at most 127 fit");
        }
        bytes[start] = (byte) size;
    }

    public void varint(long value) {
        ensure(10);
        var rest = value;
        while ((rest & ~0x7fL) != 0) {
            bytes[length++] = (byte) ((rest & 0x7f) | 0x80);
            rest >>>= 7;
        }
        bytes[length++] = (byte) rest;
    }

    public static int varintBytes(long value) {
        return value == 0 ? 1 : (70 - Long.numberOfLeadingZeros(value)) / 7;
    }

    /// What was written; this starts anew. A little is copied, so that this memory is used again; much leaves with its
    /// memory.
    // Vert.x 5 takes the method away; 4 has no other way to write an array without a copy.
    @SuppressWarnings("deprecation")
    public Buffer take() {
        Buffer taken;
        if (length <= KEPT_CAPACITY_BYTES) {
            taken = Buffer.buffer(length).appendBytes(bytes, 0, length);
        } else {
            taken = Buffer.buffer(Unpooled.wrappedBuffer(bytes, 0, length));
            bytes = new byte[FIRST_CAPACITY_BYTES];
        }
        length = 0;
        if (bytes.length > KEPT_CAPACITY_BYTES) {
            bytes = new byte[FIRST_CAPACITY_BYTES];
        }
        return taken;
    }

    public void clear() {
        length = 0;
        messageStart = -1;
    }

    private void ensure(int count) {
        if (bytes.length - length < count) {
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + count));
        }
    }
}
