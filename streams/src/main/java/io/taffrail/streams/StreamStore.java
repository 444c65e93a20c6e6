package io.taffrail.streams;

import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.record.EntryHeader;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// Everything that the log says about streams, producers and cursors. A function of the log's bytes: two
/// replicas that applied the same prefix hold the same state, and so does one that starts from a checkpoint
/// and applies the rest.
///
/// `decide` looks at the state as of the log's end and changes nothing; the caller logs what was decided and
/// applies it before the next decision. Deciding, applying, checkpointing and `truncated` are the replica
/// loop's; lookups are for any thread.
public final class StreamStore implements AutoCloseable {
    /// Opens the folder with checkpoints and index files and restores the newest checkpoint that is whole;
    /// blocks.
    public static StreamStore open(LogDirectory directory) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// The log has to be applied from here on; 0: all of it.
    public long appliedLsn() {
        throw new UnsupportedOperationException("not built yet");
    }

    /// The checkpoint lies above what the log still holds, or is not of this log: start from nothing.
    public void reset() {
        throw new UnsupportedOperationException("not built yet");
    }

    public AppendDecision decide(AppendIntent intent, StreamSettings settings) {
        throw new UnsupportedOperationException("not built yet");
    }

    public CommandDecision decide(StreamCommand command, StreamSettings settings, long nowMillis) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// The log now holds this entry, at the end of what was applied before. `payload` is valid only during
    /// the call.
    public void apply(EntryHeader header, ByteBuffer payload) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// The log was cut at `lsn`: restores the newest checkpoint at or below it. Apply from [#appliedLsn]
    /// again.
    public void truncated(long lsn) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Writes a checkpoint and index files if enough was applied since the last one. `flushedLsn`: nothing
    /// above it may enter a file.
    public void checkpointIfDue(long flushedLsn) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// What retention asks for now: trims for the leader to log.
    public List<StreamCommand> retention(StreamSettings settings, long nowMillis) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// No stream needs the log below this.
    public long neededLsn() {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Any thread.
    public @Nullable StreamView stream(String name) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// In the order of names, those after `after` that start with `prefix`, at most `limit`. Any thread.
    public List<StreamView> streams(String prefix, String after, int limit) {
        throw new UnsupportedOperationException("not built yet");
    }

    public int streamCount() {
        throw new UnsupportedOperationException("not built yet");
    }

    /// The batch that holds `offset`, or, if it has been trimmed in part, the rest of it; null if the stream
    /// has none such yet. Any thread; reads an index file if the offset is old.
    public @Nullable BatchLocation locate(long streamId, long offset) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// At most `limit` batches in order, the first holding `offset`. Any thread.
    public List<BatchLocation> locate(long streamId, long offset, int limit) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Base offset of the first batch whose time is at or after `timestampMillis`. Any thread.
    public OptionalLong offsetAt(long streamId, long timestampMillis) {
        throw new UnsupportedOperationException("not built yet");
    }

    public @Nullable CursorView cursor(String stream, String cursor) {
        throw new UnsupportedOperationException("not built yet");
    }

    public List<CursorView> cursors(String stream) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Of a registration that was just applied. Any thread.
    public @Nullable ProducerView producer(long producerId) {
        throw new UnsupportedOperationException("not built yet");
    }

    public @Nullable ProducerView producer(String name) {
        throw new UnsupportedOperationException("not built yet");
    }

    public record ProducerView(long producerId, int epoch, String name) {}

    /// What the producer, in all its epochs, has appended to the stream since it was created. Asked after a
    /// registration was applied it is exact, since that fenced whoever else might append under the id. Any
    /// thread.
    public ProducerProgress progress(long producerId, String stream) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// @param appendedRecords 0 if there is no such producer or stream; never less because of a trim
    public record ProducerProgress(long appendedRecords, OptionalLong lastOffset) {}

    @Override
    public void close() {
        throw new UnsupportedOperationException("not built yet");
    }
}
