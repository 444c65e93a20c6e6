package io.taffrail.streams;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Where the batches of one stream are: the older ones in runs of index files, the newer ones packed in one
/// array. The loop appends; any thread searches. An entry is written before the count that covers it is
/// released, and everything else that changes makes a new object, so a reader sees a whole prefix of the
/// truth: also while batches move from the array to a file, when both tell the same.
final class BatchIndex {
    private static final VarHandle COUNT;

    static {
        try {
            COUNT = MethodHandles.lookup().findVarHandle(BatchIndex.class, "count", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final IndexRun[] NO_RUNS = {};
    private static final int KEPT_ROOM = 64;

    static final BatchIndex EMPTY = new BatchIndex(NO_RUNS, new long[0], 0);

    /// In the order of offsets, without gaps between them or before the array.
    private final IndexRun[] runs;

    private final long[] words;

    @SuppressWarnings("FieldMayBeFinal") // Written through COUNT.
    private int count;

    private BatchIndex(IndexRun[] runs, long[] words, int count) {
        this.runs = runs;
        this.words = words;
        this.count = count;
    }

    /// Batches in memory.
    int count() {
        return (int) COUNT.getAcquire(this);
    }

    long[] words() {
        return words;
    }

    /// The index that has the batch too: this one, or a larger one that the caller publishes in its place.
    BatchIndex append(long baseOffset, int recordCount, long lsn, int lengthBytes, long millis, long bytesBefore) {
        var at = count * IndexedBatch.WORDS;
        if (at == words.length) {
            var room = Math.max(2 * IndexedBatch.WORDS, words.length * 2);
            var grown = new BatchIndex(runs, Arrays.copyOf(words, room), count);
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

    /// Without the first `moved` batches in memory, which `run` holds; null: they were all trimmed.
    BatchIndex moved(int moved, @Nullable IndexRun run) {
        // A stream that was busy will be: it need not grow from nothing again. One that was not keeps little.
        var room = Math.max(count - moved, Math.min(moved, KEPT_ROOM)) * IndexedBatch.WORDS;
        var kept = new long[room];
        System.arraycopy(words, moved * IndexedBatch.WORDS, kept, 0, (count - moved) * IndexedBatch.WORDS);
        return new BatchIndex(run == null ? runs : with(run), kept, count - moved);
    }

    BatchIndex withRun(IndexRun run) {
        return new BatchIndex(with(run), words, count);
    }

    /// With `run` in place of those in `files`.
    BatchIndex merged(Set<IndexFile> files, IndexRun run) {
        var kept = new IndexRun[runs.length + 1];
        var size = 0;
        var replaced = false;
        for (var old : runs) {
            if (!files.contains(old.file())) {
                kept[size++] = old;
            } else if (!replaced) {
                kept[size++] = run;
                replaced = true;
            }
        }
        return new BatchIndex(Arrays.copyOf(kept, size), words, count);
    }

    /// Without runs that end at or below `startOffset`. What is in memory below it stays until it moves.
    BatchIndex trimmed(long startOffset) {
        var first = 0;
        while (first < runs.length && runs[first].endOffset() <= startOffset) {
            first++;
        }
        return first == 0 ? this : new BatchIndex(Arrays.copyOfRange(runs, first, runs.length), words, count);
    }

    /// The batch that holds `offset`. May read a file.
    @Nullable
    IndexedBatch find(long offset) {
        var seen = count();
        var at = lastAtOrBelow(IndexedBatch.BASE_OFFSET, offset, seen);
        if (at >= 0) {
            var batch = get(at);
            return offset < batch.endOffset() ? batch : null;
        }
        var run = runHolding(offset);
        return run < 0 ? null : runs[run].find(offset);
    }

    /// The first batch whose time is at or after `millis`. May read a file.
    @Nullable
    IndexedBatch firstSince(long millis) {
        return firstAtOrAbove(IndexedBatch.TIMESTAMP, millis);
    }

    /// The first batch that starts at or behind so many bytes of the stream. May read files.
    @Nullable
    IndexedBatch firstFromByte(long bytesBefore) {
        return firstAtOrAbove(IndexedBatch.BYTES_BEFORE, bytesBefore);
    }

    private @Nullable IndexedBatch firstAtOrAbove(int word, long key) {
        var seen = count();
        var low = 0;
        var high = runs.length;
        while (low < high) {
            var middle = (low + high) >>> 1;
            if (runs[middle].last(word) < key) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low < runs.length) {
            return runs[low].firstAtOrAbove(word, key);
        }
        var at = key == Long.MIN_VALUE ? -1 : lastAtOrBelow(word, key - 1, seen);
        return at + 1 < seen ? get(at + 1) : null;
    }

    /// Appends to `target` the batches from the one that holds `offset` on, until it has `limit`. May read
    /// files.
    void list(long offset, int limit, List<BatchLocation> target) {
        var seen = count();
        var at = lastAtOrBelow(IndexedBatch.BASE_OFFSET, offset, seen);
        if (at < 0) {
            var run = runHolding(offset);
            if (run < 0) {
                return;
            }
            for (; run < runs.length && target.size() < limit; run++) {
                runs[run].list(offset, limit, target);
            }
            at = 0;
        } else if (offset >= get(at).endOffset()) {
            return;
        }
        for (; at < seen && target.size() < limit; at++) {
            target.add(get(at).location());
        }
    }

    private IndexRun[] with(IndexRun run) {
        var longer = Arrays.copyOf(runs, runs.length + 1);
        longer[runs.length] = run;
        return longer;
    }

    private int runHolding(long offset) {
        var low = 0;
        var high = runs.length;
        while (low < high) {
            var middle = (low + high) >>> 1;
            if (runs[middle].firstOffset() <= offset) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low > 0 && offset < runs[low - 1].endOffset() ? low - 1 : -1;
    }

    private IndexedBatch get(int index) {
        return IndexedBatch.unpack(words, index * IndexedBatch.WORDS);
    }

    /// Number of the last entry in memory whose `word` is at most `key`; -1: there is none.
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
