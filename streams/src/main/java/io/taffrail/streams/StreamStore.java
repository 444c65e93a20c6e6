package io.taffrail.streams;

import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.record.EntryHeader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Everything that the log says about streams, producers and cursors. A function of the log's bytes: two
/// replicas that applied the same prefix hold the same state, and so does one that starts from a checkpoint
/// and applies the rest.
///
/// `decide` looks at the state as of the log's end and changes nothing; the caller logs what was decided and
/// applies it before the next decision. Deciding, applying, checkpointing and `truncated` are the replica
/// loop's; lookups are for any thread.
public final class StreamStore implements AutoCloseable {
    /// A lookup that finds a file closed starts again with the state that replaced the file's.
    private static final int LOOKUP_ATTEMPTS = 10;

    private final StreamStoreConfig config;
    private final Findings findings;
    private final Checkpointer checkpointer;
    private final Retention retention;
    private volatile LogState state = new LogState();
    private volatile long uncheckpointedBytes;

    private StreamStore(LogDirectory directory, Executor executor, StreamStoreConfig config, Consumer<String> told) {
        this.config = config;
        this.findings = new Findings(told);
        this.retention = new Retention(findings);
        this.checkpointer = new Checkpointer(directory, executor, config, findings);
    }

    /// As below, and nobody hears of what is found.
    public static StreamStore open(LogDirectory directory, Executor executor, StreamStoreConfig config) {
        return open(directory, executor, config, _ -> {});
    }

    /// Opens the folder with checkpoints and index files and restores the newest checkpoint that is whole;
    /// blocks. `executor` writes later checkpoints: it may block, and may run them on the calling thread. `told`
    /// hears [#findings] as they are made, each once, on the thread of this call and then on the loop's.
    public static StreamStore open(
            LogDirectory directory, Executor executor, StreamStoreConfig config, Consumer<String> told) {
        var store = new StreamStore(directory, executor, config, told);
        try {
            Checkpoints.deleteTemporaries(directory);
            store.state = store.checkpointer.load();
        } catch (IOException e) {
            throw new UncheckedIOException("the folder of the streams' state cannot be read: " + directory, e);
        }
        return store;
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
        restore(-1);
    }

    /// After [#reset], and after checkpoint and index files of another replica were put into the folder: goes on
    /// with them.
    public void reload() {
        restore(Long.MAX_VALUE);
    }

    /// The newest checkpoint that is known to be whole, last, and the index files that it names: what another replica
    /// needs to go on from here. Empty: there is none.
    public List<String> newestCheckpointFiles() {
        return checkpointer.newestFiles();
    }

    /// Of the log, which that checkpoint covers; 0: there is none.
    public long newestCheckpointLsn() {
        return checkpointer.newestLsn();
    }

    /// What is wrong with copies of a checkpoint and of the index files that it names, whose names in the folder have
    /// `suffix` behind them. Null: nothing. Reads all of them; any thread.
    public static @Nullable String damageOf(LogDirectory directory, String checkpoint, String suffix) {
        var name = FileName.Checkpoint.parse(checkpoint);
        if (name == null) {
            return "'" + checkpoint + "' is no name of a checkpoint";
        }
        try {
            for (var index : CheckpointFile.read(directory, name, suffix).indexFiles()) {
                var file = IndexFile.open(directory, index, suffix);
                try {
                    file.verify();
                } finally {
                    file.close();
                }
            }
            return null;
        } catch (CorruptStateException | IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    public AppendDecision decide(AppendIntent intent, StreamSettings settings) {
        return AppendRules.decide(state, intent, settings, config);
    }

    public CommandDecision decide(StreamCommand command, StreamSettings settings, long nowMillis) {
        try {
            return CommandRules.decide(state, command, settings, config, nowMillis);
        } catch (CorruptStateException e) {
            return new CommandDecision.Refused(Refusal.of(Refusal.Code.DATA_LOSS, String.valueOf(e.getMessage())));
        }
    }

    /// The log now holds this entry, at the end of what was applied before. `payload` is valid only during
    /// the call.
    public void apply(EntryHeader header, ByteBuffer payload) {
        var current = state;
        current.apply(header, payload);
        checkpointer.applied(current);
    }

    /// The log was cut at `lsn`: restores the newest checkpoint at or below it. Apply from [#appliedLsn]
    /// again.
    public void truncated(long lsn) {
        if (lsn < state.appliedLsn()) {
            restore(lsn);
        }
    }

    private void restore(long limitLsn) {
        try {
            state = checkpointer.restore(limitLsn);
            checkpointer.closeUnused();
        } catch (IOException e) {
            throw new UncheckedIOException("the streams' state cannot be restored", e);
        }
    }

    /// Call on every turn of the loop: takes what is next of writing a checkpoint and an index file, if enough
    /// was applied since the last ones. `flushedLsn`: nothing above it may enter a file. Give the position up to
    /// which the log cannot be cut any more (flushed here and on a majority) where it is known: a cut below a
    /// checkpoint costs that checkpoint.
    public void checkpointIfDue(long flushedLsn) {
        checkpointer.turn(state, flushedLsn);
        uncheckpointedBytes = state.appliedLsn() - checkpointer.newestLsn();
    }

    /// Call now and then: a checkpoint that could not be written, on a full disk, is tried again. Otherwise the next
    /// one is due after as much log again, which may never come, and the log is needed from the one before on.
    public void retryCheckpoint() {
        checkpointer.tryAgain();
    }

    /// Log that a restart would apply again, as of the last turn; grows without end where no checkpoint can be
    /// written. Any thread.
    public long uncheckpointedBytes() {
        return uncheckpointedBytes;
    }

    /// What retention asks for now: trims for the leader to log.
    public List<StreamCommand> retention(StreamSettings settings, long nowMillis) {
        return retention.pass(state, settings, config, nowMillis);
    }

    /// The log below this is needed neither by a stream nor by a restart, also one that finds the newest
    /// checkpoint damaged. Moves only when checkpoints are written.
    public long neededLsn() {
        return checkpointer.neededLsn();
    }

    /// The log below this is shown by no stream and replayed by no restart. From [#neededLsn] up to here an older
    /// checkpoint names it, until the log is replayed behind that: to be given up only if it cannot be had.
    public long leastNeededLsn() {
        return checkpointer.leastNeededLsn();
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
        var found = locate(streamId, offset, 1);
        return found.isEmpty() ? null : found.getFirst();
    }

    /// At most `limit` batches in order, the first holding `offset`. Any thread.
    public List<BatchLocation> locate(long streamId, long offset, int limit) {
        return lookUp(streamId, List.of(), stream -> stream.batches(offset, limit));
    }

    /// First offset that is left of the first batch whose time is at or after `timestampMillis`. Any thread.
    public OptionalLong offsetAt(long streamId, long timestampMillis) {
        return lookUp(streamId, OptionalLong.empty(), stream -> stream.offsetAt(timestampMillis));
    }

    private <T> T lookUp(long streamId, T absent, Function<Stream, T> lookup) {
        for (var attempt = 1; ; attempt++) {
            var stream = state.catalog().get(streamId);
            try {
                return stream == null ? absent : lookup.apply(stream);
            } catch (IndexFile.ClosedException e) {
                if (attempt == LOOKUP_ATTEMPTS) {
                    throw e;
                }
            }
        }
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

    /// What the registration in the entry that ends at `endLsn` gave: the answer to whoever asked for it. Looked
    /// up by id or name instead, it might be a later registration's epoch, and two instances would share it. Null
    /// if that entry is none, or one of long ago. Any thread.
    public @Nullable ProducerView registration(long endLsn) {
        return state.producers().registration(endLsn);
    }

    /// As it is now. Any thread.
    public @Nullable ProducerView producer(long producerId) {
        var producer = state.producers().get(producerId);
        return producer == null ? null : producer.view();
    }

    /// As it is now; never one without a name. Any thread.
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

    /// The same on every replica that has applied the same log, whenever its checkpoints were written. Walks
    /// through the whole state; loop thread.
    public long digest() {
        return state.image().digest();
    }

    /// As [StreamStoreConfig#maxStateBytes] counts it. Any thread; other than the loop's may see what it was a moment
    /// ago.
    public long stateBytes() {
        return state.sizeBytes();
    }

    public long maxStateBytes() {
        return config.maxStateBytes();
    }

    /// What went wrong and was survived, newest last: checkpoints that were damaged or could not be written, index
    /// files that cannot be merged, or not be searched by retention. Any thread.
    public List<String> findings() {
        return findings.lines();
    }

    @Override
    public void close() {
        checkpointer.close();
    }
}
