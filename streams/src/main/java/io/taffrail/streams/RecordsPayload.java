package io.taffrail.streams;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// The payload of a RECORDS entry, little-endian: this prefix, then the records as `repeated Record records =
/// 15` encodes them, tags and lengths included. Those bytes are what arrived, and what a reader gets.
///
/// | at | bytes | |
/// |---|---|---|
/// | 0 | 8 | stream id |
/// | 8 | 8 | base offset |
/// | 16 | 8 | time, milliseconds since the epoch |
/// | 24 | 8 | producer id, 0: none |
/// | 32 | 8 | sequence |
/// | 40 | 4 | producer epoch |
/// | 44 | 4 | record count |
/// | 48 | 4 | CRC32C of the records' bytes |
/// | 52 | 4 | 0 |
///
/// The readers take the index at which the payload starts, whatever the buffer's own byte order is.
public final class RecordsPayload {
    public static final int PREFIX_BYTES = 56;
    /// Tag of field 15, length-delimited.
    public static final byte RECORDS_TAG = (15 << 3) | 2;

    private static final VarHandle LONG = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private RecordsPayload() {}

    public static long streamId(ByteBuffer buffer, int at) {
        return (long) LONG.get(buffer, at);
    }

    public static long baseOffset(ByteBuffer buffer, int at) {
        return (long) LONG.get(buffer, at + 8);
    }

    public static long timestampMillis(ByteBuffer buffer, int at) {
        return (long) LONG.get(buffer, at + 16);
    }

    public static long producerId(ByteBuffer buffer, int at) {
        return (long) LONG.get(buffer, at + 24);
    }

    public static long sequence(ByteBuffer buffer, int at) {
        return (long) LONG.get(buffer, at + 32);
    }

    public static int producerEpoch(ByteBuffer buffer, int at) {
        return (int) INT.get(buffer, at + 40);
    }

    public static int recordCount(ByteBuffer buffer, int at) {
        return (int) INT.get(buffer, at + 44);
    }

    public static int recordsCrc(ByteBuffer buffer, int at) {
        return (int) INT.get(buffer, at + 48);
    }

    static ByteBuffer prefix(long streamId, long baseOffset, long timestampMillis, AppendIntent intent) {
        var idempotent = intent.producerId() != 0;
        var buffer = ByteBuffer.allocate(PREFIX_BYTES);
        LONG.set(buffer, 0, streamId);
        LONG.set(buffer, 8, baseOffset);
        LONG.set(buffer, 16, timestampMillis);
        LONG.set(buffer, 24, intent.producerId());
        LONG.set(buffer, 32, idempotent ? intent.sequence() : 0L);
        INT.set(buffer, 40, idempotent ? intent.producerEpoch() : 0);
        INT.set(buffer, 44, intent.recordCount());
        INT.set(buffer, 48, intent.recordsCrc());
        return buffer;
    }
}
