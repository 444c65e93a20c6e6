package io.taffrail.streams;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One stream as the log has made it. The loop writes; readers take a consistent copy without a lock: they
/// read a version before and after and try again if it moved or was odd (a sequence lock).
final class Stream {
    static final long NONE = -1;

    private static final VarHandle VERSION;

    static {
        try {
            VERSION = MethodHandles.lookup().findVarHandle(Stream.class, "version", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final long id;
    final String name;
    final long createdMillis;
    final WindowTable windows = new WindowTable();
    final CursorTable cursors = new CursorTable();
    /// Since the last snapshot. Of the loop.
    boolean changed;
    /// Where the newest batch begins; [#NONE]: only the index knows, since the state was restored. Of the loop.
    long newestBatchOffset = NONE;

    @SuppressWarnings("UnusedVariable") // Through VERSION.
    private int version;

    private StreamConfig config;
    private long startOffset;
    private long nextOffset;
    private long appendedBytes;
    private long trimmedBytes;
    private long lastMillis;
    private long firstLsn = NONE;
    private long firstMillis;
    private long fencingToken = NONE;
    private long batchesHash;

    private volatile BatchIndex index = BatchIndex.EMPTY;

    Stream(long id, String name, StreamConfig config, long createdMillis) {
        this.id = id;
        this.name = name;
        this.config = config;
        this.createdMillis = createdMillis;
        this.lastMillis = createdMillis;
    }

    Stream(StreamImage image) {
        this(image.id(), image.name(), image.config(), image.createdMillis());
        startOffset = image.startOffset();
        nextOffset = image.nextOffset();
        appendedBytes = image.appendedBytes();
        trimmedBytes = image.trimmedBytes();
        lastMillis = image.lastMillis();
        firstLsn = image.firstLsn();
        firstMillis = image.firstMillis();
        fencingToken = image.fencingToken();
        batchesHash = image.batchesHash();
        cursors.restore(image.cursors());
        for (var window : image.windows()) {
            windows.put(window.producerId(), SequenceWindow.restore(window.window()));
        }
    }

    StreamImage image() {
        return new StreamImage(
                id,
                name,
                config,
                createdMillis,
                startOffset,
                nextOffset,
                appendedBytes,
                trimmedBytes,
                lastMillis,
                firstLsn,
                firstMillis,
                fencingToken,
                batchesHash,
                cursors.image(),
                windows.image());
    }

    StreamConfig config() {
        return config;
    }

    long startOffset() {
        return startOffset;
    }

    long nextOffset() {
        return nextOffset;
    }

    long sizeBytes() {
        return appendedBytes - trimmedBytes;
    }

    long appendedBytes() {
        return appendedBytes;
    }

    /// Of the newest batch, or of the creation: no later batch is stamped earlier.
    long lastMillis() {
        return lastMillis;
    }

    /// Of the first batch that is not trimmed whole; [#NONE]: there is none.
    long firstLsn() {
        return firstLsn;
    }

    long firstMillis() {
        return firstMillis;
    }

    long fencingToken() {
        return fencingToken;
    }

    BatchIndex index() {
        return index;
    }

    void append(long baseOffset, int recordCount, long lsn, int lengthBytes, long millis) {
        Checks.check(baseOffset == nextOffset, "S2 offsets have no gaps", baseOffset, nextOffset);
        Checks.check(recordCount > 0, "S2 a batch has records", recordCount, 1);
        Checks.check(millis >= lastMillis, "S4 a stream's time never falls", millis, lastMillis);
        // The index before the offset that promises it: a reader that sees the offset finds the batch.
        var grown = index.append(baseOffset, recordCount, lsn, lengthBytes, millis, appendedBytes);
        if (grown != index) {
            index = grown;
        }
        beginWrite();
        if (firstLsn == NONE) {
            firstLsn = lsn;
            firstMillis = millis;
        }
        newestBatchOffset = baseOffset;
        nextOffset = baseOffset + recordCount;
        appendedBytes += lengthBytes;
        lastMillis = millis;
        batchesHash = Hash.mix(
                Hash.mix(Hash.mix(batchesHash, lsn), baseOffset ^ millis), (long) recordCount << 32 | lengthBytes);
        endWrite();
    }

    void configure(StreamConfig newConfig) {
        beginWrite();
        config = newConfig;
        endWrite();
    }

    void trim(StreamChange.Trimmed trimmed) {
        Checks.check(trimmed.startOffset() >= startOffset, "S5 start offset", trimmed.startOffset(), startOffset);
        Checks.check(trimmed.startOffset() <= nextOffset, "S5 start offset", trimmed.startOffset(), nextOffset);
        beginWrite();
        startOffset = trimmed.startOffset();
        firstLsn = trimmed.firstLsn();
        firstMillis = trimmed.firstMillis();
        trimmedBytes = trimmed.trimmedBytes();
        endWrite();
        // After the start offset: a reader that still sees the old one finds no file gone.
        index = index.trimmed(startOffset);
    }

    /// The first batches in memory are in an index file now.
    void moved(int count, @Nullable IndexRun run) {
        index = index.moved(count, run == null || run.endOffset() <= startOffset ? null : run);
    }

    void merged(Set<IndexFile> files, IndexRun run) {
        index = index.merged(files, run);
    }

    /// While the state is restored: the next run of the stream.
    void addRun(IndexRun run) {
        if (run.endOffset() > startOffset) {
            index = index.withRun(run);
        }
    }

    void fence(long token) {
        Checks.check(token > fencingToken, "S6 a fencing token only grows", token, fencingToken + 1);
        beginWrite();
        fencingToken = token;
        endWrite();
    }

    /// Any thread.
    StreamView view() {
        while (true) {
            var before = (int) VERSION.getAcquire(this);
            if ((before & 1) == 0) {
                var view = new StreamView(
                        id,
                        name,
                        config,
                        startOffset,
                        nextOffset,
                        sizeBytes(),
                        createdMillis,
                        nextOffset == 0 ? 0 : lastMillis,
                        fencingToken == NONE ? OptionalLong.empty() : OptionalLong.of(fencingToken));
                VarHandle.acquireFence();
                if ((int) VERSION.getOpaque(this) == before) {
                    return view;
                }
            }
            Thread.onSpinWait();
        }
    }

    /// The batch that holds `offset`, all of it though its beginning may be trimmed; null if the offset is not
    /// there. Any thread.
    @Nullable
    IndexedBatch batch(long offset) {
        return startOffset <= offset ? index.find(offset) : null;
    }

    /// Any thread.
    List<BatchLocation> batches(long offset, int limit) {
        var found = new ArrayList<BatchLocation>();
        if (startOffset <= offset) {
            index.list(offset, limit, found);
        }
        return found;
    }

    /// Any thread.
    OptionalLong offsetAt(long timestampMillis) {
        var first = index.firstSince(timestampMillis);
        // Of a batch that is trimmed in part, or whole while this ran, what is left.
        var offset = first == null ? nextOffset : Math.max(first.baseOffset(), startOffset);
        return offset < nextOffset ? OptionalLong.of(offset) : OptionalLong.empty();
    }

    private void beginWrite() {
        VERSION.setOpaque(this, version + 1);
        VarHandle.storeStoreFence();
    }

    private void endWrite() {
        VERSION.setRelease(this, version + 1);
    }
}
