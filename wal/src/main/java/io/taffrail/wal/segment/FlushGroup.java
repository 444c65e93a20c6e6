package io.taffrail.wal.segment;

import io.taffrail.wal.record.EntryHeader;
import java.nio.ByteBuffer;

/// Entries that are flushed together, in memory exactly as they will stand in the file. Written by the loop;
/// what is for readers on other threads says so.
public final class FlushGroup {
    final RingMemory ring;
    /// Of the image: the segment's header, if the group opens one, then the group's header.
    final long ringPosition;
    final Segment segment;
    final int filePosition;
    final boolean opensSegment;
    final long firstLsn;
    final int chain;
    final long epoch;
    final long arrivedNanos;
    int imageBytes;
    int entries;
    boolean flushed;
    private volatile long endLsn = Long.MAX_VALUE;

    public static final int NOT_AN_ENTRY = -1;
    public static final int GONE = -2;

    FlushGroup(
            RingMemory ring,
            long ringPosition,
            Segment segment,
            int filePosition,
            boolean opensSegment,
            long firstLsn,
            int chain,
            long epoch,
            long arrivedNanos) {
        this.ring = ring;
        this.ringPosition = ringPosition;
        this.segment = segment;
        this.filePosition = filePosition;
        this.opensSegment = opensSegment;
        this.firstLsn = firstLsn;
        this.chain = chain;
        this.epoch = epoch;
        this.arrivedNanos = arrivedNanos;
        this.imageBytes = headerOffset() + GroupHeader.SIZE_BYTES;
    }

    int headerOffset() {
        return opensSegment ? Blocks.BLOCK_BYTES : 0;
    }

    int entriesOffset() {
        return headerOffset() + GroupHeader.SIZE_BYTES;
    }

    int entryBytes() {
        return imageBytes - entriesOffset();
    }

    long ringEnd() {
        return ringPosition + Blocks.roundUp(imageBytes);
    }

    /// Makes the image complete; nothing changes it afterwards.
    void close(long syncedLsn) {
        var index = ring.index(ringPosition);
        Blocks.zero(ring.bytes(), index + imageBytes, index + Blocks.roundUp(imageBytes));
        if (opensSegment) {
            segment.header().withSyncedLsn(syncedLsn).write(ring.bytes(), index);
        }
        new GroupHeader(segment.sequence(), firstLsn, epoch, syncedLsn, entryBytes(), entries, chain)
                .write(ring.bytes(), index + headerOffset());
        endLsn = firstLsn + entryBytes();
    }

    ByteBuffer image() {
        return ring.bytes().slice(ring.index(ringPosition), Blocks.roundUp(imageBytes));
    }

    /// Whether the LSN is within the group, or behind it while it is the open one. Any thread.
    public boolean reaches(long lsn) {
        return lsn < endLsn;
    }

    /// Any thread.
    public long firstLsn() {
        return firstLsn;
    }

    /// Copies whole entries from the one at `lsn` on that end at or below `limitLsn`, at most to `target`'s
    /// limit. `trusted`: `lsn` is known to be an entry's start; else the group is walked to find out. Any
    /// thread.
    ///
    /// @return bytes copied; [#NOT_AN_ENTRY]; or [#GONE] if the memory was reused meanwhile
    public int copy(long lsn, long limitLsn, ByteBuffer target, boolean trusted) {
        var reached = trusted ? lsn : walk(lsn);
        if (reached < 0) {
            return (int) reached;
        }
        var end = Math.min(limitLsn, endLsn);
        var room = target.remaining();
        var to = lsn;
        while (to < end) {
            var length = lengthAt(to);
            if (length < 0) {
                return GONE;
            }
            if (to + length > end || to + length - lsn > room) {
                break;
            }
            to += length;
        }
        var count = (int) (to - lsn);
        var start = target.position();
        target.put(start, ring.bytes(), index(lsn), count);
        if (!ring.holds(ringPosition)) {
            return GONE;
        }
        target.position(start + count);
        return count;
    }

    /// Copies the header of the entry at `lsn` to `target`'s beginning; returns [EntryHeader#SIZE_BYTES],
    /// [#NOT_AN_ENTRY] or [#GONE]. Any thread.
    public int copyHeader(long lsn, boolean trusted, ByteBuffer target) {
        var reached = trusted ? lsn : walk(lsn);
        if (reached < 0) {
            return (int) reached;
        }
        target.put(0, ring.bytes(), index(lsn), EntryHeader.SIZE_BYTES);
        return ring.holds(ringPosition) ? EntryHeader.SIZE_BYTES : GONE;
    }

    private long walk(long lsn) {
        var at = firstLsn;
        while (at < lsn) {
            var length = lengthAt(at);
            if (length < 0) {
                return GONE;
            }
            at += length;
        }
        return at == lsn ? lsn : NOT_AN_ENTRY;
    }

    /// Length of the entry at `lsn`, negative if the memory was reused meanwhile: without that check a
    /// reader would walk through other bytes.
    private int lengthAt(long lsn) {
        var length = ring.bytes().getInt(index(lsn) + 4);
        if (!ring.holds(ringPosition)) {
            return GONE;
        }
        if (length < EntryHeader.SIZE_BYTES) {
            throw new IllegalStateException("W2: the entry at " + lsn + " in memory has " + length + " bytes");
        }
        return length;
    }

    private int index(long lsn) {
        return ring.index(ringPosition) + entriesOffset() + (int) (lsn - firstLsn);
    }
}
