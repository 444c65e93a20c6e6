package io.taffrail.replication.codec;

import io.taffrail.replication.protocol.EpochStart;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/// The `lineage` file: where epochs began whose first entries recovery does not read again. A version, a count of
/// 2, and 28 bytes an epoch; the newest that fit a slot.
public final class LineageCodec {
    private static final byte VERSION = 1;
    private static final int EPOCH_BYTES = 28;

    private LineageCodec() {}

    public static ByteBuffer encode(List<EpochStart> starts, int maxBytes) {
        var most = Math.min(Fields.MAX_EPOCHS, (maxBytes - 3) / EPOCH_BYTES);
        var newest = starts.subList(Math.max(0, starts.size() - most), starts.size());
        var to = ByteBuffer.allocate(3 + newest.size() * EPOCH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        to.put(VERSION);
        Fields.putLineage(to, newest);
        return to.flip();
    }

    public static List<EpochStart> decode(ByteBuffer value) {
        var from = value.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        try {
            var version = from.get();
            if (version != VERSION) {
                throw new MalformedException("lineage is of format version %d, not %d".formatted(version, VERSION));
            }
            return Fields.lineage(from);
        } catch (BufferUnderflowException e) {
            throw new MalformedException("lineage is cut: " + value.remaining() + " bytes");
        }
    }
}
