package io.taffrail.streams;

/// One entry of a stream's index.
///
/// @param bytesBefore lengths of all the stream's batches before this one, since its beginning
record IndexedBatch(
        long baseOffset, int recordCount, long lsn, int lengthBytes, long timestampMillis, long bytesBefore) {
    /// Numbers of a packed entry, in memory and in index files.
    static final int WORDS = 5;

    static final int BASE_OFFSET = 0;
    static final int LSN = 1;
    static final int TIMESTAMP = 2;
    static final int BYTES_BEFORE = 3;
    /// Record count in the upper half, length in the lower.
    static final int COUNT_LENGTH = 4;

    static IndexedBatch unpack(long[] words, int at) {
        return new IndexedBatch(
                words[at + BASE_OFFSET],
                (int) (words[at + COUNT_LENGTH] >>> 32),
                words[at + LSN],
                (int) words[at + COUNT_LENGTH],
                words[at + TIMESTAMP],
                words[at + BYTES_BEFORE]);
    }

    long endOffset() {
        return baseOffset + recordCount;
    }

    BatchLocation location() {
        return new BatchLocation(baseOffset, recordCount, lsn, lengthBytes, timestampMillis);
    }
}
