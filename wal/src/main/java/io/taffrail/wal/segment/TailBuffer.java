package io.taffrail.wal.segment;

import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// The newest bytes of the log, laid out as the file is: what is appended is copied here once, written from
/// here and, until the memory is needed again, read from here. Entries collect in the open group; a closed
/// group waits for [GroupFlusher].
///
/// The loop's, except [#received], [#flushed], [#generation] and [#cached].
public final class TailBuffer {
    /// A group is closed when it would grow beyond this, so that one flush never keeps the next waiting for
    /// long. A longer entry is a group of its own.
    public static final int MAX_GROUP_BYTES = 1 << 20;

    private final LogDirectory directory;
    private final SegmentTable segments;
    private final LongSupplier nanoTime;
    private final int segmentBytes;
    private final CRC32C checksum = new CRC32C();

    private RingMemory ring;
    /// For [#checksum]: its position and limit move.
    private ByteBuffer view;
    private long writableTo;
    private long nextRingPosition;
    private final ArrayDeque<FlushGroup> groups = new ArrayDeque<>();
    private final ConcurrentSkipListMap<Long, FlushGroup> groupsByLsn = new ConcurrentSkipListMap<>();
    /// Open, closed and in flight.
    private final ArrayDeque<FlushGroup> unflushed = new ArrayDeque<>();
    final ArrayDeque<FlushGroup> closed = new ArrayDeque<>();
    private @Nullable FlushGroup open;

    private @Nullable Segment segment;
    private int filePosition;
    private long nextSequence;
    private final AtomicLong received = new AtomicLong();
    private final AtomicLong flushed = new AtomicLong();
    private final AtomicLong generation = new AtomicLong();
    private final AtomicLong oldestUnflushedNanos = new AtomicLong();
    private int chain;
    private long epoch;
    private long appendedEntries;

    public TailBuffer(
            LogDirectory directory, SegmentTable segments, LongSupplier nanoTime, int segmentBytes, int capacityBytes) {
        this.directory = directory;
        this.segments = segments;
        this.nanoTime = nanoTime;
        this.segmentBytes = segmentBytes;
        this.ring = new RingMemory(capacityBytes);
        this.view = ring.bytes().duplicate();
        this.writableTo = ring.capacityBytes();
    }

    /// Longest entry that a segment of this size can hold.
    public static int maxEntryBytes(int segmentBytes) {
        return segmentBytes - Blocks.BLOCK_BYTES - GroupHeader.SIZE_BYTES;
    }

    /// Everything from `lsn` on is about to be forgotten: readers are to stop asking for it before it goes.
    public void shrinkTo(long lsn) {
        if (!unflushed.isEmpty()) {
            throw new IllegalStateException("W3: the log shrinks while bytes wait to be flushed");
        }
        received.set(lsn);
        flushed.set(lsn);
        generation.incrementAndGet();
    }

    /// Goes on at the end of a log that is flushed up to there.
    public void continueAt(LogEnd end) {
        if (!unflushed.isEmpty()) {
            throw new IllegalStateException("W3: the tail moves while bytes wait to be flushed");
        }
        generation.incrementAndGet();
        groupsByLsn.clear();
        groups.clear();
        ring.giveUp(nextRingPosition);
        writableTo = nextRingPosition + ring.capacityBytes();
        segment = segments.last();
        filePosition = end.filePosition();
        nextSequence = end.nextSequence();
        chain = end.chain();
        epoch = end.epoch();
        flushed.set(end.lsn());
        received.set(end.lsn());
        generation.incrementAndGet();
    }

    /// A larger or smaller memory; what is cached and flushed is dropped.
    public void resize(int capacityBytes) {
        if (Blocks.roundUp(capacityBytes) == ring.capacityBytes()) {
            return;
        }
        closeGroup();
        goOnIn(new RingMemory(capacityBytes));
    }

    /// Groups of the old memory that are not flushed are read and written from there until they are.
    private void goOnIn(RingMemory memory) {
        for (var group : groups) {
            if (group.flushed) {
                groupsByLsn.remove(group.firstLsn);
            }
        }
        groups.clear();
        ring = memory;
        view = memory.bytes().duplicate();
        writableTo = memory.capacityBytes();
        nextRingPosition = 0;
    }

    public EntryHeader append(EntryType type, long entryEpoch, int length, ByteBuffer... payload) {
        var index = reserve(length);
        var bytes = ring.bytes();
        var lsn = received.getPlain();
        bytes.putInt(index + 4, length);
        bytes.putLong(index + 8, lsn);
        bytes.putLong(index + 16, entryEpoch);
        bytes.putInt(index + 24, chain);
        bytes.putInt(index + 28, type.code());
        var at = index + EntryHeader.SIZE_BYTES;
        for (var part : payload) {
            bytes.put(at, part, part.position(), part.remaining());
            at += part.remaining();
        }
        view.limit(at).position(index + 4);
        checksum.reset();
        checksum.update(view);
        var crc = (int) checksum.getValue();
        bytes.putInt(index, crc);
        var header = new EntryHeader(crc, length, lsn, entryEpoch, chain, type);
        added(length, crc, entryEpoch);
        return header;
    }

    /// Appends an entry that was verified to follow on.
    public void appendVerified(ByteBuffer source, int sourceIndex, int length, int crc, long entryEpoch) {
        var index = reserve(length);
        ring.bytes().put(index, source, sourceIndex, length);
        added(length, crc, entryEpoch);
    }

    private void added(int length, int crc, long entryEpoch) {
        var group = open();
        group.imageBytes += length;
        group.entries++;
        chain = crc;
        epoch = entryEpoch;
        appendedEntries++;
        // Readers see the bytes once they see the position.
        received.setRelease(received.getPlain() + length);
    }

    /// Whether an entry of this length fits the memory without touching what is not flushed.
    public boolean hasRoom(int length) {
        var oldest = oldestUnflushed();
        return oldest == null || endAfter(length) - ring.capacityBytes() <= oldest.ringPosition;
    }

    /// The same for entries of so many bytes together, however they fall into groups.
    public boolean hasRoomForEntries(int bytes, int maxEntryBytes) {
        var oldest = oldestUnflushed();
        var group = open;
        var start = group == null ? nextRingPosition : group.ringEnd();
        var end = start + neededBytes(bytes, maxEntryBytes, segmentBytes);
        return end - ring.capacityBytes() <= (oldest == null ? start : oldest.ringPosition);
    }

    /// Most memory that entries take: two neighbouring groups are together longer than what one may hold, each
    /// costs its headers and padding, and what does not fit before the memory's end leaves a gap there.
    public static long neededBytes(int bytes, int maxEntryBytes, int segmentBytes) {
        var groupLimit = Math.min(MAX_GROUP_BYTES, maxEntryBytes(segmentBytes));
        var groups = 2L * bytes / groupLimit + 3;
        return bytes + Math.min(bytes, maxEntryBytes) + groups * (2 * Blocks.BLOCK_BYTES + GroupHeader.SIZE_BYTES);
    }

    private long endAfter(int length) {
        var group = open;
        if (group != null && fits(group, length)) {
            return group.ringPosition + Blocks.roundUp(group.imageBytes + length);
        }
        var position = group == null ? nextRingPosition : group.ringEnd();
        var file = group == null ? filePosition : group.filePosition + Blocks.roundUp(group.imageBytes);
        var image = imageBytes(rolls(file, length), length);
        return startOf(position, image) + image;
    }

    private int reserve(int length) {
        var group = open;
        if (group == null || !fits(group, length) || ringEnd(group, length) > writableTo) {
            group = makeRoomFor(length);
        }
        return ring.index(group.ringPosition) + group.imageBytes;
    }

    private FlushGroup makeRoomFor(int length) {
        if (!hasRoom(length)) {
            // What was not admitted, such as a leader's first entry while the disk stalls, is not lost for want
            // of memory: the owner bounds it, and the old memory is freed when it is flushed.
            closeGroup();
            goOnIn(new RingMemory(ring.capacityBytes()));
        }
        var group = open;
        if (group != null && !fits(group, length)) {
            closeGroup();
            group = null;
        }
        if (group == null) {
            return openGroup(length);
        }
        makeRoom(ringEnd(group, length));
        return group;
    }

    private static long ringEnd(FlushGroup group, int length) {
        return group.ringPosition + Blocks.roundUp(group.imageBytes + length);
    }

    private boolean fits(FlushGroup group, int length) {
        var image = Blocks.roundUp(group.imageBytes + length);
        return group.entryBytes() + length <= MAX_GROUP_BYTES
                && group.filePosition + image <= group.segment.segmentBytes()
                && ring.index(group.ringPosition) + image <= ring.capacityBytes();
    }

    private boolean rolls(int position, int length) {
        // The newest segment may be of another size: the setting changes between two starts.
        return segment == null || position + Blocks.roundUp(GroupHeader.SIZE_BYTES + length) > segment.segmentBytes();
    }

    private static int imageBytes(boolean rolls, int length) {
        return (rolls ? Blocks.BLOCK_BYTES : 0) + Blocks.roundUp(GroupHeader.SIZE_BYTES + length);
    }

    /// A group is contiguous: one that does not fit before the end of the memory starts over at its beginning.
    private long startOf(long position, int image) {
        var index = ring.index(position);
        return index + image > ring.capacityBytes() ? position + ring.capacityBytes() - index : position;
    }

    private FlushGroup openGroup(int length) {
        var rolls = rolls(filePosition, length);
        var image = imageBytes(rolls, length);
        var position = startOf(nextRingPosition, image);
        var lsn = received.getPlain();
        var into = segment;
        if (rolls || into == null) {
            into = new Segment(
                    new SegmentHeader(
                            segmentBytes,
                            nextSequence++,
                            segment == null ? 0 : segment.sequence(),
                            lsn,
                            epoch,
                            flushed.getPlain(),
                            chain),
                    directory,
                    segments);
            segment = into;
            segments.add(into);
            filePosition = 0;
        }
        var group = new FlushGroup(ring, position, into, filePosition, rolls, lsn, chain, epoch, nanoTime.getAsLong());
        if (unflushed.isEmpty()) {
            oldestUnflushedNanos.set(group.arrivedNanos);
        }
        open = group;
        groups.addLast(group);
        unflushed.addLast(group);
        makeRoom(position + image);
        groupsByLsn.put(lsn, group);
        return group;
    }

    private void makeRoom(long end) {
        var first = groups.getFirst();
        while (first.ringPosition + ring.capacityBytes() < end) {
            if (!first.flushed) {
                throw new IllegalStateException(
                        "W5: the bytes from " + first.firstLsn + " on would be overwritten before they are flushed");
            }
            groups.removeFirst();
            groupsByLsn.remove(first.firstLsn, first);
            first = groups.getFirst();
        }
        ring.giveUp(first.ringPosition);
        writableTo = first.ringPosition + ring.capacityBytes();
    }

    /// Ends the open group, so that it can be flushed.
    public void closeGroup() {
        var group = open;
        if (group == null) {
            return;
        }
        group.close(flushed.getPlain());
        open = null;
        nextRingPosition = group.ringEnd();
        filePosition = group.filePosition + Blocks.roundUp(group.imageBytes);
        closed.addLast(group);
        group.segment.index(group.firstLsn, group.filePosition + group.headerOffset());
    }

    /// The oldest group that was not flushed is durable now.
    void flushed(FlushGroup group) {
        var end = group.firstLsn + group.entryBytes();
        if (group.firstLsn != flushed.getPlain()) {
            throw new IllegalStateException("W4: flushed " + group.firstLsn + " after " + flushed.getPlain());
        }
        unflushed.removeFirst();
        group.flushed = true;
        if (group.ring != ring) {
            groupsByLsn.remove(group.firstLsn, group);
        }
        var oldest = unflushed.peekFirst();
        if (oldest != null) {
            oldestUnflushedNanos.set(oldest.arrivedNanos);
        }
        flushed.set(end);
    }

    /// The oldest group in the memory that is written now; older memory does not limit it.
    private @Nullable FlushGroup oldestUnflushed() {
        var oldest = unflushed.peekFirst();
        if (oldest == null || oldest.ring == ring) {
            return oldest;
        }
        for (var group : unflushed) {
            if (group.ring == ring) {
                return group;
            }
        }
        return null;
    }

    private FlushGroup open() {
        var group = open;
        if (group == null) {
            throw new IllegalStateException("no open group");
        }
        return group;
    }

    /// When the first byte of the open group arrived; [Long#MAX_VALUE]: there is none.
    public long openedNanos() {
        var group = open;
        return group == null ? Long.MAX_VALUE : group.arrivedNanos;
    }

    /// When the oldest byte arrived that is not flushed; [Long#MAX_VALUE]: all are. Any thread.
    public long oldestUnflushedNanos() {
        return flushed() == received() ? Long.MAX_VALUE : oldestUnflushedNanos.get();
    }

    /// The group that holds `lsn` or may be followed by it; null: it is no longer in memory. Any thread.
    public @Nullable FlushGroup cached(long lsn) {
        var entry = groupsByLsn.floorEntry(lsn);
        return entry == null || !entry.getValue().reaches(lsn) ? null : entry.getValue();
    }

    /// Changes when the log was cut: what a reader knew about its LSNs is void. Any thread.
    public long generation() {
        return generation.get();
    }

    /// Any thread.
    public long received() {
        return received.getAcquire();
    }

    /// Any thread.
    public long flushed() {
        return flushed.get();
    }

    public int chain() {
        return chain;
    }

    public long epoch() {
        return epoch;
    }

    public long appendedEntries() {
        return appendedEntries;
    }

    /// Sequence of the segment that will be opened next.
    public long nextSequence() {
        return nextSequence;
    }
}
