package io.taffrail.simulation.check;

import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// An entry that some replica holds. Its `crc` covers everything before it in the log, so equal ones mean equal
/// logs up to there.
///
/// @param records null: not a batch of records
/// @param control the payload of any other entry, else null
public record ObservedEntry(
        EntryHeader header,
        @Nullable Batch records,
        @Nullable ByteBuffer control) {
    /// The prefix of a batch, see [RecordsPayload].
    public record Batch(
            long streamId,
            long baseOffset,
            int recordCount,
            long producerId,
            int producerEpoch,
            long sequence,
            int recordsCrc) {
        public long endOffset() {
            return baseOffset + recordCount;
        }
    }

    /// `entry` spans the whole entry.
    public static ObservedEntry of(ByteBuffer entry) {
        var header = EntryHeader.read(entry, entry.position());
        var crc = new CRC32C();
        crc.update(entry.slice(entry.position() + 4, header.lengthBytes() - 4));
        if ((int) crc.getValue() != header.crc()) {
            throw new InvariantViolation("NoDamagedEntryIsServed", "the checksum of %s does not fit".formatted(header));
        }
        var bytes = entry.slice(entry.position() + EntryHeader.SIZE_BYTES, header.payloadBytes())
                .order(ByteOrder.LITTLE_ENDIAN);
        if (header.type() != EntryType.RECORDS) {
            var copy = ByteBuffer.allocate(bytes.remaining()).put(bytes).flip();
            return new ObservedEntry(header, null, copy);
        }
        return new ObservedEntry(
                header,
                new Batch(
                        bytes.getLong(0),
                        bytes.getLong(8),
                        bytes.getInt(44),
                        bytes.getLong(24),
                        bytes.getInt(40),
                        bytes.getLong(32),
                        bytes.getInt(48)),
                null);
    }
}
