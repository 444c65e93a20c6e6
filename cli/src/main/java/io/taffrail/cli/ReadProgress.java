package io.taffrail.cli;

import io.taffrail.proto.log.RecordBatch;
import java.io.IOException;
import java.time.Duration;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// When what was read is shown, and when the place is kept: at once where nothing more is there, and from time to time
/// in a stream that is written without a pause. A place is kept only once the records before it are out.
final class ReadProgress {
    /// Also how long to wait for records before it is said that there are none.
    static final Duration FLUSH_INTERVAL = Duration.ofMillis(100);

    private static final Duration COMMIT_INTERVAL = Duration.ofSeconds(1);

    private final RecordSink sink;
    private final LongConsumer commit;
    private final LongSupplier nanoTime;
    private long flushedNanos;
    private long committedNanos;
    private long committedOffset = -1;

    /// @param commit is given the offset after the last record that was read
    ReadProgress(RecordSink sink, LongConsumer commit, LongSupplier nanoTime) {
        this.sink = sink;
        this.commit = commit;
        this.nanoTime = nanoTime;
        this.flushedNanos = nanoTime.getAsLong();
        this.committedNanos = flushedNanos;
    }

    /// @param batch null: nothing came within [#FLUSH_INTERVAL]
    /// @param nextOffset after the last record that was read; -1 before the first
    void read(@Nullable RecordBatch batch, long nextOffset) throws IOException {
        if (batch != null) {
            sink.write(batch);
        }
        var now = nanoTime.getAsLong();
        var quiet = batch == null;
        var commitIsDue = nextOffset != committedOffset && (quiet || isOver(COMMIT_INTERVAL, committedNanos, now));
        if (commitIsDue || quiet || isOver(FLUSH_INTERVAL, flushedNanos, now)) {
            sink.flush();
            flushedNanos = now;
        }
        if (commitIsDue) {
            commit.accept(nextOffset);
            committedOffset = nextOffset;
            committedNanos = now;
        }
    }

    private static boolean isOver(Duration interval, long sinceNanos, long now) {
        return now - sinceNanos >= interval.toNanos();
    }
}
