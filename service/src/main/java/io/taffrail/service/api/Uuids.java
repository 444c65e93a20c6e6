package io.taffrail.service.api;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Ids as the sixteen bytes that the wire has.
public final class Uuids {
    public static final int SIZE_BYTES = 16;

    private Uuids() {}

    /// Empty for null.
    public static byte[] bytes(@Nullable UUID id) {
        return id == null
                ? new byte[0]
                : ByteBuffer.allocate(SIZE_BYTES)
                        .putLong(id.getMostSignificantBits())
                        .putLong(id.getLeastSignificantBits())
                        .array();
    }

    public static ByteString wire(@Nullable UUID id) {
        return ByteString.copyFrom(bytes(id));
    }

    /// Null for anything that has not sixteen bytes.
    public static @Nullable UUID parse(ByteString bytes) {
        if (bytes.size() != SIZE_BYTES) {
            return null;
        }
        var buffer = bytes.asReadOnlyByteBuffer();
        return new UUID(buffer.getLong(), buffer.getLong());
    }
}
