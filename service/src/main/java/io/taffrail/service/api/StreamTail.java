package io.taffrail.service.api;

import io.taffrail.streams.StreamStore;
import io.taffrail.streams.StreamView;

/// Where a stream ends for a reader that sees the log up to an LSN.
final class StreamTail {
    private StreamTail() {}

    /// May read index files, unless all from `fromOffset` on is newer than they are.
    ///
    /// @param fromOffset all before it is visible
    static long nextOffset(StreamStore store, StreamView stream, long fromOffset, long visibleLsn) {
        var low = Math.max(stream.startOffset(), fromOffset);
        var high = stream.nextOffset();
        if (low >= high || visible(store, stream, high - 1, visibleLsn)) {
            return high;
        }
        // A stream's batches stand in the log in the order of their offsets, so what is visible is a prefix.
        while (low < high) {
            var middle = low + (high - low) / 2;
            if (visible(store, stream, middle, visibleLsn)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    static boolean visible(StreamStore store, StreamView stream, long offset, long visibleLsn) {
        var batch = store.locate(stream.streamId(), offset);
        return batch != null && batch.endLsn() <= visibleLsn;
    }
}
