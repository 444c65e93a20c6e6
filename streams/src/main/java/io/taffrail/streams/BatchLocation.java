package io.taffrail.streams;

/// Where a batch of a stream stands: offsets `[baseOffset, baseOffset + recordCount)` in the entry at `lsn`.
public record BatchLocation(long baseOffset, int recordCount, long lsn, int lengthBytes, long timestampMillis) {
    public long endOffset() {
        return baseOffset + recordCount;
    }

    public long endLsn() {
        return lsn + lengthBytes;
    }
}
