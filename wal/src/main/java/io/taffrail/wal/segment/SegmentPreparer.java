package io.taffrail.wal.segment;

import io.taffrail.wal.io.Errno;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.io.IoResult;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.LogFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Keeps one segment file ready: allocated, filled with zeros, flushed with its directory. So rolling costs
/// nothing but a write that happens anyway, a flush changes no metadata, and no append meets a full disk.
/// The loop's.
public final class SegmentPreparer {
    /// Small enough not to stand in the way of the log's own writes.
    static final int ZERO_CHUNK_BYTES = 1 << 20;

    private static final ByteBuffer ZEROS = Blocks.allocate(ZERO_CHUNK_BYTES);

    private final LogDirectory directory;
    private final IoMethod io;
    private final DiskReserve reserve;
    private final int segmentBytes;
    private final boolean durable;

    private State state = State.IDLE;
    private long sequence;
    private @Nullable LogFile file;
    private int zeroedBytes;
    private @Nullable IoResult result;
    private @Nullable String failure;

    private enum State {
        IDLE,
        ZEROING,
        SYNCING,
        READY
    }

    public SegmentPreparer(
            LogDirectory directory, IoMethod io, DiskReserve reserve, int segmentBytes, boolean durable) {
        this.directory = directory;
        this.io = io;
        this.reserve = reserve;
        this.segmentBytes = segmentBytes;
        this.durable = durable;
    }

    /// The next segment has this number. `prepared`: a file that is ready already.
    public void continueAt(long nextSequence, @Nullable LogFile prepared) {
        if (state != State.IDLE) {
            throw new IllegalStateException("segment " + sequence + " is being prepared");
        }
        sequence = nextSequence;
        file = prepared;
        state = prepared == null ? State.IDLE : State.READY;
    }

    /// One step; returns 1 if it did something.
    public int work(long nowNanos) {
        if (failure != null) {
            return 0;
        }
        return switch (state) {
            case READY -> 0;
            case IDLE -> begin(nowNanos);
            case ZEROING, SYNCING -> goOn(nowNanos);
        };
    }

    private int begin(long nowNanos) {
        if (!reserve.allows(segmentBytes, nowNanos)) {
            return 0;
        }
        try {
            var name = SegmentName.of(sequence);
            if (directory.exists(name)) {
                directory.delete(name);
            }
            // Empty: `create` would fill it with zeros here and now, on the loop.
            file = directory.create(name, 0);
        } catch (IOException e) {
            // Nothing of the log depends on it yet; the reserve decides when to look again.
            var errno = Errno.of(e);
            var message = "create " + SegmentName.of(sequence) + ": " + Errno.describe(e);
            if (Errno.isNoRoom(errno)) {
                reserve.refused(message, nowNanos);
            } else {
                reserve.hindered(message, nowNanos);
            }
            return 0;
        }
        state = State.ZEROING;
        zeroedBytes = 0;
        submit();
        return 1;
    }

    private int goOn(long nowNanos) {
        switch (result) {
            case null -> {
                return 0;
            }
            case IoResult.Done done -> zeroedBytes += done.bytes();
            case IoResult.Failed failed -> {
                abandon(failed, nowNanos);
                return 1;
            }
        }
        if (zeroedBytes < segmentBytes) {
            submit();
            return 1;
        }
        if (durable && state == State.ZEROING) {
            state = State.SYNCING;
            result = null;
            io.submit(new IoRequest.Sync(prepared(), done -> result = done));
            return 1;
        }
        try {
            // The name must survive before the first byte is promised, or the file would be lost with it.
            directory.sync();
            state = State.READY;
        } catch (IOException e) {
            failure = "flush of the directory for " + SegmentName.of(sequence) + ": " + e;
        }
        return 1;
    }

    private void submit() {
        var target = prepared();
        result = null;
        var bytes = Math.min(ZERO_CHUNK_BYTES, segmentBytes - zeroedBytes);
        // Through the page cache the zeros would pile up and make the flush at the end a long one.
        var flushed = durable && target.blockSizeBytes() == 1;
        io.submit(new IoRequest.Write(target, ZEROS.slice(0, bytes), zeroedBytes, flushed, done -> result = done));
    }

    private LogFile prepared() {
        var target = file;
        if (target == null) {
            throw new IllegalStateException("no file is being prepared");
        }
        return target;
    }

    private void abandon(IoResult.Failed failed, long nowNanos) {
        var message = "preparing " + SegmentName.of(sequence) + ": " + failed.message();
        var full = Errno.isNoRoom(failed.errno())
                || failed.message().contains("No space left")
                || failed.message().contains("quota");
        if (!full) {
            failure = message + " (errno " + failed.errno() + ")";
            return;
        }
        try {
            discard();
            reserve.refused(message, nowNanos);
        } catch (IOException e) {
            failure = message + "; and removing it: " + e;
        }
    }

    private void discard() throws IOException {
        var unfinished = file;
        file = null;
        result = null;
        state = State.IDLE;
        if (unfinished != null) {
            unfinished.close();
            directory.delete(SegmentName.of(sequence));
        }
    }

    /// The prepared file if it has this number; the next one is begun by [#work].
    public @Nullable LogFile take(long wanted) {
        var ready = file;
        if (state != State.READY || ready == null) {
            return null;
        }
        if (wanted != sequence) {
            throw new IllegalStateException("segment " + wanted + " was asked for, " + sequence + " is prepared");
        }
        file = null;
        result = null;
        state = State.IDLE;
        sequence++;
        return ready;
    }

    /// Number of the segment that is, or will be, prepared.
    public long sequence() {
        return sequence;
    }

    public boolean isReady() {
        return state == State.READY;
    }

    /// Whether a write of it is on its way.
    public boolean isBusy() {
        return (state == State.ZEROING || state == State.SYNCING) && result == null;
    }

    public @Nullable String failure() {
        return failure;
    }

    /// Nothing may be in flight.
    public void close() throws IOException {
        var open = file;
        file = null;
        state = State.IDLE;
        if (open != null) {
            open.close();
        }
    }
}
