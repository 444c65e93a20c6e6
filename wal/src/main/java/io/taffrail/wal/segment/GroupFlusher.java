package io.taffrail.wal.segment;

import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.io.IoResult;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Writes closed groups, several at a time, and reports them flushed in the order of the log. One failure ends
/// it for good: what the kernel holds of the failed bytes is unknown, and a second attempt may succeed without
/// them. The loop's, except the counters.
public final class GroupFlusher {
    /// Writes on their way to the disk at once. More hide no latency and delay the newest one.
    public static final int MAX_IN_FLIGHT = 4;
    /// A longer write is not worth waiting for.
    private static final int WAITED_FOR_BYTES = 128 << 10;

    private final TailBuffer tail;
    private final SegmentPreparer preparer;
    private final IoMethod io;
    private final LongSupplier nanoTime;
    private final boolean durable;
    private final ArrayDeque<Flight> inFlight = new ArrayDeque<>();
    private @Nullable String failure;
    private boolean mayWait;
    private boolean mayHaveWaited;

    private final AtomicLong flushes = new AtomicLong();
    private final AtomicLong flushNanos = new AtomicLong();
    private final AtomicLong lastFlushNanos = new AtomicLong();
    private final AtomicLong flushedBytes = new AtomicLong();
    private final AtomicLong flushedEntries = new AtomicLong();

    public GroupFlusher(
            TailBuffer tail, SegmentPreparer preparer, IoMethod io, LongSupplier nanoTime, boolean durable) {
        this.tail = tail;
        this.preparer = preparer;
        this.io = io;
        this.nanoTime = nanoTime;
        this.durable = durable;
    }

    private final class Flight {
        final FlushGroup group;
        final long submittedNanos;
        boolean done;
        boolean completed;
        long nanos;

        Flight(FlushGroup group, long submittedNanos) {
            this.group = group;
            this.submittedNanos = submittedNanos;
        }

        void completed(IoResult result) {
            completed = true;
            group.segment.endWrite();
            nanos = nanoTime.getAsLong() - submittedNanos;
            switch (result) {
                case IoResult.Done done -> this.done = true;
                case IoResult.Failed(int errno, String message) -> {
                    if (failure == null) {
                        failure = "flush of " + group.firstLsn + " to " + (group.firstLsn + group.entryBytes()) + " in "
                                + group.segment + ": " + message + " (errno " + errno + ")";
                    }
                }
            }
        }
    }

    /// Whether the owner has nothing better to do than to wait for a short write.
    public void mayWait(boolean may) {
        mayWait = may;
    }

    /// Whether a group that is closed now would be written now. If not, it is better left open to grow.
    public boolean isReady() {
        return hasSlot() && tail.closed.isEmpty();
    }

    private boolean hasSlot() {
        return failure == null && inFlight.size() < MAX_IN_FLIGHT;
    }

    /// Starts writes for closed groups; returns how many. Stops where the segment is not prepared yet.
    public int submit() {
        var started = 0;
        mayHaveWaited = false;
        while (hasSlot()) {
            var group = tail.closed.peekFirst();
            if (group == null) {
                break;
            }
            try {
                if (!hasFile(group)) {
                    break;
                }
                tail.closed.removeFirst();
                var flight = new Flight(group, nanoTime.getAsLong());
                var alone = inFlight.isEmpty();
                inFlight.addLast(flight);
                var write = new IoRequest.Write(
                        group.segment.beginWrite(), group.image(), group.filePosition, durable, flight::completed);
                if (mayWait && alone && group.imageBytes <= WAITED_FOR_BYTES) {
                    io.submitOrRun(write);
                    mayHaveWaited = true;
                } else {
                    io.submit(write);
                }
                started++;
            } catch (IOException e) {
                failure = "open " + group.segment + ": " + e;
            }
        }
        return started;
    }

    /// Whether the last [#submit] gave the method a write that it may have done at once.
    public boolean mayHaveWaited() {
        return mayHaveWaited;
    }

    private boolean hasFile(FlushGroup group) throws IOException {
        if (!group.opensSegment || group.segment.isOpen()) {
            return true;
        }
        var prepared = preparer.take(group.segment.sequence());
        if (prepared == null) {
            return false;
        }
        group.segment.attach(prepared);
        return true;
    }

    /// Moves the flushed position over what completed; returns how many groups.
    public int advance() {
        var advanced = 0;
        while (true) {
            var oldest = inFlight.peekFirst();
            // Nothing counts after a failure, not even what completed before it out of order.
            if (oldest == null || !oldest.done || failure != null) {
                return advanced;
            }
            inFlight.removeFirst();
            tail.flushed(oldest.group);
            flushes.setRelease(flushes.getPlain() + 1);
            flushNanos.setRelease(flushNanos.getPlain() + oldest.nanos);
            lastFlushNanos.setRelease(oldest.nanos);
            flushedBytes.setRelease(flushedBytes.getPlain() + Blocks.roundUp(oldest.group.imageBytes));
            flushedEntries.setRelease(flushedEntries.getPlain() + oldest.group.entries);
            advanced++;
        }
    }

    /// Null: nothing failed.
    public @Nullable String failure() {
        return failure;
    }

    public boolean isIdle() {
        return inFlight.isEmpty() && tail.closed.isEmpty();
    }

    /// Whether the kernel may still read from the memory.
    public boolean isInFlight() {
        return inFlight.stream().anyMatch(flight -> !flight.completed);
    }

    public long flushes() {
        return flushes.getAcquire();
    }

    public long flushNanos() {
        return flushNanos.getAcquire();
    }

    public long lastFlushNanos() {
        return lastFlushNanos.getAcquire();
    }

    public long flushedBytes() {
        return flushedBytes.getAcquire();
    }

    public long flushedEntries() {
        return flushedEntries.getAcquire();
    }
}
