package io.taffrail.service.api;

import io.taffrail.service.rpc.FrameBuffer;

/// Puts stored records behind new `RecordBatch` headers, up to a number of records and of bytes. The field numbers are
/// those of log.proto.
final class ReadResponseBuilder {
    private static final int BATCHES = 1;
    private static final int NEXT_OFFSET = 2;
    private static final int POSITION = 3;
    // Tag, length and fields before a batch's records.
    private static final int HEADER_BYTES = 40;
    // Before the first batch and behind the last.
    private static final int ENDS_BYTES = 128;

    private final FrameBuffer out;
    private final int maxBytes;
    private long recordsLeft;
    private int records;
    private int recordBytes;

    /// @param expectedBytes how much there is, with what stands between the records; a first guess at the memory
    /// @param maxBatches that are added
    ReadResponseBuilder(int maxBytes, long maxRecords, long expectedBytes, int maxBatches) {
        this.maxBytes = maxBytes;
        this.recordsLeft = maxRecords;
        out = new FrameBuffer(memoryBytes((int) Math.min(maxBytes, expectedBytes), maxBatches));
        out.beginMessage();
    }

    /// What a response of so many bytes of records takes.
    static int memoryBytes(int recordBytes, int batches) {
        return recordBytes + batches * HEADER_BYTES + ENDS_BYTES;
    }

    boolean full() {
        return recordsLeft == 0 || (records > 0 && recordBytes >= maxBytes);
    }

    int roomBytes() {
        return maxBytes - recordBytes;
    }

    /// Adds what fits of a batch's records, from the one with offset `from` on; returns how many.
    ///
    /// @param bytes holds the batch's encoded records from `start` to `end`, the first with offset `baseOffset`
    int add(byte[] bytes, int start, int end, long baseOffset, int count, long from, long timestampMillis, long epoch) {
        var skipped = from - baseOffset;
        var first = RecordRuns.skip(bytes, start, end, skipped);
        var available = (int) (count - skipped);
        var last = end;
        var taken = available;
        if (available > recordsLeft || recordBytes + (end - first) > maxBytes) {
            last = first;
            taken = 0;
            while (taken < available && taken < recordsLeft) {
                var next = RecordRuns.next(bytes, last, end);
                // A record that is larger than a response comes alone.
                if (recordBytes + (next - first) > maxBytes && records + taken > 0) {
                    break;
                }
                last = next;
                taken++;
            }
        }
        if (taken == 0) {
            return 0;
        }
        if (last - first > maxBytes) {
            out.makeRoom(memoryBytes(last - first, 1));
        }
        header(from, taken, timestampMillis, epoch, last - first);
        out.raw(bytes, first, last - first);
        records += taken;
        recordBytes += last - first;
        recordsLeft -= taken;
        return taken;
    }

    private void header(long baseOffset, int count, long timestampMillis, long epoch, int bytes) {
        var size = fieldBytes(baseOffset) + fieldBytes(count) + fieldBytes(timestampMillis) + fieldBytes(epoch) + bytes;
        out.lengthField(BATCHES, size);
        out.varintField(1, baseOffset);
        out.varintField(2, count);
        out.varintField(3, timestampMillis);
        out.varintField(4, epoch);
    }

    private static int fieldBytes(long value) {
        return value == 0 ? 0 : 1 + FrameBuffer.varintBytes(value);
    }

    /// Ends the message.
    ///
    /// @param lsn start of the last entry that was read from
    FrameBuffer finish(long nextOffset, byte[] historyId, long epoch, long lsn) {
        out.varintField(NEXT_OFFSET, nextOffset);
        var start = out.beginShortField(POSITION);
        if (historyId.length > 0) {
            out.bytesField(1, historyId);
        }
        out.varintField(2, epoch);
        out.varintField(3, lsn);
        out.endShortField(start);
        out.endMessage();
        return out;
    }

    int records() {
        return records;
    }

    int recordBytes() {
        return recordBytes;
    }
}
