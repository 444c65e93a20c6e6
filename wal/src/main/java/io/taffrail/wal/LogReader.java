package io.taffrail.wal;

import io.taffrail.wal.record.EntryCursor;
import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.segment.BlockReader;
import io.taffrail.wal.segment.FlushGroup;
import io.taffrail.wal.segment.GroupHeader;
import io.taffrail.wal.segment.Segment;
import io.taffrail.wal.segment.SegmentTable;
import io.taffrail.wal.segment.TailBuffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// An LSN is an entry's start if it was reached by walking there from the start of a group: what stands at a
/// wrong LSN may look like an entry, because users choose their bytes.
final class LogReader implements WalReader {
    private static final int WINDOW_BYTES = 128 << 10;
    // The devices that were measured read twice as fast in pieces of this size.
    private static final int READ_AHEAD_BYTES = 1 << 20;
    private static final int ATTEMPTS = 3;

    private final TailBuffer tail;
    private final SegmentTable segments;
    private final EntryCursor cursor = new EntryCursor();
    private @Nullable BlockReader reader;
    /// Reached by walking, in this generation of the log.
    private long knownLsn = -1;
    /// The last entry that was read, for who takes it in parts.
    private long lastEntryLsn = -1;
    private long generation;
    private @Nullable Place place;
    private String badness = "";

    /// Where the group that was read last stands. Looking a group up reads headers before it, which would take the
    /// window back from where a reader in sequence goes on.
    private record Place(Segment segment, int position, GroupHeader group) {
        /// -1: neither this group nor the next one holds it.
        int of(long lsn) {
            if (lsn == group.endLsn()) {
                return position + group.fileBytes();
            }
            return group.holds(lsn) ? position : -1;
        }
    }

    LogReader(TailBuffer tail, SegmentTable segments) {
        this.tail = tail;
        this.segments = segments;
        this.generation = tail.generation();
    }

    @Override
    public int readCached(long lsn, long limitLsn, ByteBuffer target) {
        var limit = enter(lsn, limitLsn);
        var at = lsn;
        while (at < limit) {
            var copied = copyCached(at, limit, target);
            if (copied == FlushGroup.GONE && at == lsn) {
                return NOT_IN_MEMORY;
            }
            if (copied <= 0) {
                break;
            }
            at += copied;
            knownLsn = at;
        }
        return (int) (at - lsn);
    }

    @Override
    public int read(long lsn, long limitLsn, ByteBuffer target) {
        var limit = enter(lsn, limitLsn);
        var total = 0;
        var at = lsn;
        while (at < limit) {
            int copied;
            try {
                copied = copy(at, limit, target);
            } catch (WalException.BadEntry bad) {
                if (total > 0) {
                    // What stands before it is sound, and who reads on hears of it.
                    break;
                }
                throw bad;
            }
            if (copied == 0) {
                break;
            }
            at += copied;
            total += copied;
            knownLsn = at;
        }
        return total;
    }

    private long enter(long lsn, long limitLsn) {
        if (tail.generation() != generation) {
            generation = tail.generation();
            knownLsn = -1;
            lastEntryLsn = -1;
            place = null;
            if (reader != null) {
                reader.forget();
            }
        }
        var received = tail.received();
        var start = startLsn();
        if (lsn < start || lsn > received) {
            throw new WalException.OutOfRange("LSN " + lsn + " is not within " + start + " to " + received);
        }
        return Math.min(limitLsn, received);
    }

    private long startLsn() {
        var first = segments.first();
        return first == null ? 0 : first.baseLsn();
    }

    private int copy(long lsn, long limit, ByteBuffer target) {
        var copied = copyCached(lsn, limit, target);
        return copied == FlushGroup.GONE ? copyFromFile(lsn, limit, target) : copied;
    }

    /// [FlushGroup#GONE]: it is not in memory.
    private int copyCached(long lsn, long limit, ByteBuffer target) {
        var group = tail.cached(lsn);
        if (group == null) {
            return FlushGroup.GONE;
        }
        var copied = group.copy(lsn, limit, target, isKnown(lsn, group));
        if (copied == FlushGroup.NOT_AN_ENTRY) {
            throw notAnEntry(lsn);
        }
        return copied;
    }

    private boolean isKnown(long lsn, FlushGroup group) {
        return lsn == knownLsn || lsn == group.firstLsn();
    }

    private static WalException.OutOfRange notAnEntry(long lsn) {
        return new WalException.OutOfRange("LSN " + lsn + " is not the start of an entry");
    }

    @Override
    public EntryHeader header(long lsn) {
        enter(lsn, Long.MAX_VALUE);
        if (lsn == tail.received()) {
            throw new WalException.OutOfRange("LSN " + lsn + " is the end of the log");
        }
        var group = tail.cached(lsn);
        if (group != null) {
            var raw = ByteBuffer.allocate(EntryHeader.SIZE_BYTES);
            var copied = group.copyHeader(lsn, isKnown(lsn, group), raw);
            if (copied == FlushGroup.NOT_AN_ENTRY) {
                throw notAnEntry(lsn);
            }
            if (copied != FlushGroup.GONE) {
                return EntryHeader.read(raw, 0);
            }
        }
        var found = find(lsn);
        var header = EntryHeader.read(found.bytes, found.index);
        knownLsn = lsn;
        return header;
    }

    private int copyFromFile(long lsn, long limit, ByteBuffer target) {
        var found = find(lsn);
        var index = found.index;
        var room = target.remaining();
        while (true) {
            var length = cursor.lengthBytes();
            if (cursor.lsn() > limit || index + length - found.index > room) {
                break;
            }
            lastEntryLsn = cursor.lsn() - length;
            index += length;
            if (index >= found.end) {
                break;
            }
            if (cursor.accept(found.bytes, index, found.end) != null) {
                // Whoever asks for this one is told.
                break;
            }
        }
        var count = index - found.index;
        var position = target.position();
        target.put(position, found.bytes, found.index, count);
        target.position(position + count);
        return count;
    }

    /// An entry in the window, verified; the cursor stands behind it.
    private record Found(Segment segment, ByteBuffer bytes, int index, int end) {}

    private Found find(long lsn) {
        IOException failed = null;
        // A window may be older than the bytes, and a file may be closed for another's sake: read again before
        // calling either bad.
        for (var attempt = 0; attempt < ATTEMPTS; attempt++) {
            try {
                var found = tryFind(lsn);
                if (found != null) {
                    return found;
                }
                failed = null;
            } catch (IOException e) {
                failed = e;
            }
            window().forget();
            place = null;
        }
        // Trimmed or cut off meanwhile?
        enter(lsn, Long.MAX_VALUE);
        if (failed != null) {
            throw new WalException.Unusable("reading at " + lsn + ": " + failed);
        }
        throw new WalException.BadEntry(badness);
    }

    private @Nullable Found tryFind(long lsn) throws IOException {
        var segment = segments.holding(lsn);
        if (segment == null) {
            badness = "no segment holds " + lsn;
            return null;
        }
        var window = window();
        var position = position(segment, lsn, window);
        var index = position < 0 ? -1 : window.load(position, GroupHeader.SIZE_BYTES);
        var group = index < 0 ? null : GroupHeader.read(window.buffer(), index);
        index = group == null ? -1 : window.load(position, group.fileBytes());
        if (group == null || index < 0 || group.sequence() != segment.sequence() || !group.holds(lsn)) {
            badness = "no valid group of " + segment + " holds " + lsn;
            return null;
        }
        place = new Place(segment, position, group);
        var bytes = window.buffer();
        var first = index + GroupHeader.SIZE_BYTES;
        var end = first + group.lengthBytes();
        var at = first;
        if ((lsn == knownLsn || lsn == lastEntryLsn) && lsn != group.lsn()) {
            at = first + (int) (lsn - group.lsn());
            cursor.reset(lsn, bytes.getInt(at + 24), group.epoch());
        } else {
            cursor.reset(group.lsn(), group.chain(), group.epoch());
        }
        while (cursor.lsn() <= lsn) {
            var entry = cursor.lsn();
            var wrong = cursor.accept(bytes, at, end);
            if (wrong != null) {
                badness = wrong + " in " + segment;
                return null;
            }
            if (entry == lsn) {
                return new Found(segment, bytes, at, end);
            }
            at += cursor.lengthBytes();
        }
        throw notAnEntry(lsn);
    }

    private int position(Segment segment, long lsn, BlockReader window) throws IOException {
        var here = place;
        var position = here == null || !here.segment.equals(segment) ? -1 : here.of(lsn);
        if (position < 0) {
            return segment.locate(lsn, window);
        }
        window.use(segment.file());
        return position;
    }

    private BlockReader window() {
        var window = reader;
        if (window == null) {
            window = new BlockReader(WINDOW_BYTES, READ_AHEAD_BYTES);
            reader = window;
        }
        return window;
    }

    @Override
    public void close() {
        reader = null;
    }
}
