package io.taffrail.streams;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The batches of one stream in one index file. About 50 bytes of memory for each stream and file.
///
/// @param lastMillis time of the last batch
record IndexRun(IndexFile file, int firstEntry, int count, long firstOffset, long endOffset, long lastMillis) {
    @Nullable
    IndexedBatch find(long offset) {
        var found = new Cursor().lastAtOrBelow(IndexedBatch.BASE_OFFSET, offset);
        return found == null || offset >= found.endOffset() ? null : found;
    }

    /// A number of the last batch.
    long last(int word) {
        return word == IndexedBatch.TIMESTAMP ? lastMillis : new Cursor().word(count - 1, word);
    }

    /// The run's last batch must be at or above `key`.
    IndexedBatch firstAtOrAbove(int word, long key) {
        var cursor = new Cursor();
        var below = key == Long.MIN_VALUE ? null : cursor.lastAtOrBelow(word, key - 1);
        return below == null ? cursor.get(0) : cursor.get(cursor.position + 1);
    }

    /// Appends the batches from the one that holds `offset` (or the first) on, until `target` has `limit`.
    void list(long offset, int limit, List<BatchLocation> target) {
        var cursor = new Cursor();
        var start = cursor.lastAtOrBelow(IndexedBatch.BASE_OFFSET, offset) == null ? 0 : cursor.position;
        for (var i = start; i < count && target.size() < limit; i++) {
            target.add(cursor.get(i).location());
        }
    }

    /// Reads entries by their number in the run and keeps the last block: a search ends within one.
    private final class Cursor {
        private int block = -1;
        private long[] words = new long[0];
        private int position;

        IndexedBatch get(int index) {
            var at = load(index);
            return IndexedBatch.unpack(words, at);
        }

        long word(int index, int word) {
            var at = load(index);
            return words[at + word];
        }

        @Nullable
        IndexedBatch lastAtOrBelow(int word, long key) {
            var low = 0;
            var high = count;
            while (low < high) {
                var middle = (low + high) >>> 1;
                var at = load(middle);
                if (words[at + word] <= key) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            position = low - 1;
            return position < 0 ? null : get(position);
        }

        private int load(int index) {
            var entry = firstEntry + index;
            var wanted = entry / IndexFile.ITEMS_PER_BLOCK;
            if (wanted != block) {
                try {
                    words = file.entries(wanted);
                } catch (IOException e) {
                    // As a flipped bit: one block of what the log can make again is no reason to end the process.
                    throw new CorruptStateException(file.name() + " cannot be read: " + e.getMessage(), e);
                }
                block = wanted;
            }
            return entry % IndexFile.ITEMS_PER_BLOCK * IndexedBatch.WORDS;
        }
    }
}
