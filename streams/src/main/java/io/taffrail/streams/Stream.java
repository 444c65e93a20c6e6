package io.taffrail.streams;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
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
