package io.taffrail.streams;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where the batches of one stream are: those that no index file holds yet, packed in one array. The loop
/// appends; any thread searches. An entry is written before the count that covers it is released, and an
/// array that is full is replaced together with this object, so a reader sees a whole prefix of the truth.
final class BatchIndex {
    private static final VarHandle COUNT;

    static {
        try {
            COUNT = MethodHandles.lookup().findVarHandle(BatchIndex.class, "count", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    static final BatchIndex EMPTY = new BatchIndex(new long[0], 0);

    private final long[] words;

    @SuppressWarnings("FieldMayBeFinal") // Written through COUNT.
    private int count;

    private BatchIndex(long[] words, int count) {
        this.words = words;
        this.count = count;
    }

    int count() {
        return (int) COUNT.getAcquire(this);
    }

    /// The index that has the batch too: this one, or a larger one that the caller publishes in its place.
    BatchIndex append(long baseOffset, int recordCount, long lsn, int lengthBytes, long millis, long bytesBefore) {
        var at = count * IndexedBatch.WORDS;
        if (at == words.length) {
            var room = Math.max(2 * IndexedBatch.WORDS, words.length * 2);
            var grown = new BatchIndex(Arrays.copyOf(words, room), count);
            return grown.append(baseOffset, recordCount, lsn, lengthBytes, millis, bytesBefore);
        }
        words[at + IndexedBatch.BASE_OFFSET] = baseOffset;
        words[at + IndexedBatch.LSN] = lsn;
        words[at + IndexedBatch.TIMESTAMP] = millis;
        words[at + IndexedBatch.BYTES_BEFORE] = bytesBefore;
        words[at + IndexedBatch.COUNT_LENGTH] = (long) recordCount << 32 | lengthBytes;
        COUNT.setRelease(this, count + 1);
        return this;
    }

    /// The batch that holds `offset`.
    @Nullable
    IndexedBatch find(long offset) {
        var seen = count();
        var at = lastAtOrBelow(IndexedBatch.BASE_OFFSET, offset, seen);
        if (at < 0) {
            return null;
        }
        var batch = get(at);
        return offset < batch.endOffset() ? batch : null;
    }

    /// The first batch whose time is at or after `millis`.
    @Nullable
    IndexedBatch firstSince(long millis) {
        var seen = count();
        var at = millis == Long.MIN_VALUE ? -1 : lastAtOrBelow(IndexedBatch.TIMESTAMP, millis - 1, seen);
        return at + 1 < seen ? get(at + 1) : null;
    }

    /// Appends to `target` the batches from the one that holds `offset` on, until it has `limit`.
    void list(long offset, int limit, List<BatchLocation> target) {
        var seen = count();
        var at = lastAtOrBelow(IndexedBatch.BASE_OFFSET, offset, seen);
        if (at < 0 || offset >= get(at).endOffset()) {
            return;
        }
        for (; at < seen && target.size() < limit; at++) {
            target.add(get(at).location());
        }
    }

    private IndexedBatch get(int index) {
        return IndexedBatch.unpack(words, index * IndexedBatch.WORDS);
    }

    private int lastAtOrBelow(int word, long key, int seen) {
        var low = 0;
        var high = seen;
        while (low < high) {
            var middle = (low + high) >>> 1;
            if (words[middle * IndexedBatch.WORDS + word] <= key) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low - 1;
    }
}
