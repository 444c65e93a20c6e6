package io.taffrail.replication.codec;

import io.taffrail.replication.protocol.EpochStart;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.zip.CRC32C;

/// Where epochs began whose first entries recovery does not read again. In the slot file `lineage`, which has checksums
/// of its own: a version, a count of 2, and 28 bytes an epoch; the newest that fit a slot. In `lineage-older`: a length
/// of 4, CRC32C of what follows, and the same.
public final class LineageCodec {
    private static final byte VERSION = 1;
    private static final int EPOCH_BYTES = 28;
    private static final int CHECKED_HEADER_BYTES = 8;

    private LineageCodec() {}

    /// How many epochs fit.
    public static int mostEpochs(int maxBytes) {
        return Math.min(Fields.MAX_EPOCHS, (maxBytes - 3) / EPOCH_BYTES);
    }

    /// As many as a message holds.
    public static List<EpochStart> newest(List<EpochStart> starts) {
        return starts.subList(Math.max(0, starts.size() - Fields.MAX_EPOCHS), starts.size());
    }

    /// All of `starts`, with a checksum in front.
    public static ByteBuffer encodeChecked(List<EpochStart> starts) {
        var value = encode(starts, Integer.MAX_VALUE);
        return ByteBuffer.allocate(CHECKED_HEADER_BYTES + value.remaining())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value.remaining())
                .putInt(checksum(value))
                .put(value)
                .flip();
    }

    public static List<EpochStart> decodeChecked(ByteBuffer bytes) {
        var from = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        if (from.remaining() < CHECKED_HEADER_BYTES) {
            throw new MalformedException("lineage is cut: %s bytes".formatted(from.remaining()));
        }
        var length = from.getInt();
        var checksum = from.getInt();
        if (length < 0 || length > from.remaining()) {
            throw new MalformedException("lineage of %s bytes says %s".formatted(from.remaining(), length));
        }
        var value = from.slice(from.position(), length);
        if (checksum(value) != checksum) {
            throw new MalformedException("the lineage's checksum does not fit");
        }
        return decode(value);
    }

    private static int checksum(ByteBuffer value) {
        var crc = new CRC32C();
        crc.update(value.duplicate());
        return (int) crc.getValue();
    }

    public static ByteBuffer encode(List<EpochStart> starts, int maxBytes) {
        var most = mostEpochs(maxBytes);
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
                throw new MalformedException("lineage is of format version %s, not %s".formatted(version, VERSION));
            }
            return Fields.lineage(from);
        } catch (BufferUnderflowException e) {
            throw new MalformedException("lineage is cut: " + value.remaining() + " bytes");
        }
    }
}
