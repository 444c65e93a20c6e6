package io.taffrail.wal.segment;

import io.taffrail.wal.io.LogFile;
import io.taffrail.wal.record.EntryCursor;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Walks the groups of a segment file and accepts one only when it follows on and all its entries verify. A
/// group counts whole or not at all: what was flushed together is kept or lost together.
public final class SegmentScanner {
    private final BlockReader reader;
    private final EntryCursor cursor = new EntryCursor();
    private @Nullable LogFile file;
    private long sequence;
    private long fileBytes;
    private long position;
    private long lsn;
    private int chain;
    private long epoch;
    private @Nullable GroupHeader group;
    private int entriesIndex;
    private @Nullable String defect;

    public SegmentScanner(BlockReader reader) {
        this.reader = reader;
    }

    /// Stands in front of the first group.
    public void begin(LogFile file, SegmentHeader header) throws IOException {
        this.file = file;
        this.sequence = header.sequence();
        this.fileBytes = file.sizeBytes();
        this.position = Blocks.BLOCK_BYTES;
        this.lsn = header.baseLsn();
        this.chain = header.chain();
        this.epoch = header.epoch();
        this.defect = null;
        reader.use(file);
        // What the window holds of it may be older than what the disk holds.
        reader.forget();
    }

    /// Moves over the next group. False: no valid one stands there, [#defect] says why, and the position
    /// stays.
    public boolean next() throws IOException {
        defect = check();
        var accepted = group;
        if (defect != null || accepted == null) {
            return false;
        }
        position += accepted.fileBytes();
        lsn = cursor.lsn();
        chain = cursor.chain();
        epoch = cursor.epoch();
        return true;
    }

    /// Looks behind what stopped [#next] for a group that is whole and stands in front of it. False: the
    /// segment holds none any more, and the position stays. A block that cannot be read is none.
    public boolean skipDefect() {
        for (var at = position + Blocks.BLOCK_BYTES; at + Blocks.BLOCK_BYTES <= fileBytes; at += Blocks.BLOCK_BYTES) {
            try {
                var header = wholeGroup(at);
                if (header != null) {
                    position = at;
                    lsn = header.lsn();
                    chain = header.chain();
                    epoch = header.epoch();
                    return true;
                }
            } catch (IOException unreadable) {
                reader.forget();
            }
        }
        return false;
    }

    private @Nullable GroupHeader wholeGroup(long at) throws IOException {
        var index = reader.load(at, Blocks.BLOCK_BYTES);
        var header = index < 0 ? null : GroupHeader.read(reader.buffer(), index);
        if (header == null
                || header.sequence() != sequence
                || header.lsn() <= lsn
                || at + header.fileBytes() > fileBytes
                || header.fileBytes() < header.lengthBytes()) {
            return null;
        }
        index = reader.load(at, header.fileBytes());
        var whole = index >= 0 && checkEntries(header, index + GroupHeader.SIZE_BYTES) == null;
        group = null;
        return whole ? header : null;
    }

    private @Nullable String check() throws IOException {
        group = null;
        if (position + Blocks.BLOCK_BYTES > fileBytes) {
            return "the segment is full";
        }
        var index = reader.load(position, Blocks.BLOCK_BYTES);
        if (index < 0) {
            return "the file is cut at " + position;
        }
        var header = GroupHeader.read(reader.buffer(), index);
        if (header == null) {
            return Blocks.isZero(reader.buffer(), index, index + Blocks.BLOCK_BYTES)
                    ? "zeros at " + position
                    : "no group header at " + position;
        }
        if (header.sequence() != sequence) {
            return "the group at " + position + " belongs to segment " + header.sequence();
        }
        if (header.lsn() != lsn || header.chain() != chain || header.epoch() != epoch) {
            return "the group at " + position + " does not follow on at " + lsn + ": " + header;
        }
        if (position + header.fileBytes() > fileBytes || header.fileBytes() < header.lengthBytes()) {
            return "the group at " + position + " claims " + header.lengthBytes() + " bytes";
        }
        index = reader.load(position, header.fileBytes());
        if (index < 0) {
            return "the file is cut within the group at " + position;
        }
        return checkEntries(header, index + GroupHeader.SIZE_BYTES);
    }

    private @Nullable String checkEntries(GroupHeader header, int first) {
        cursor.reset(header.lsn(), header.chain(), header.epoch());
        var end = first + header.lengthBytes();
        var entries = 0;
        for (var at = first; at < end; at += cursor.lengthBytes()) {
            var wrong = cursor.accept(reader.buffer(), at, end);
            if (wrong != null) {
                return wrong;
            }
            entries++;
        }
        if (entries != header.entries()) {
            return "the group at " + position + " has " + entries + " entries, not " + header.entries();
        }
        group = header;
        entriesIndex = first;
        return null;
    }

    /// The group that [#next] accepted.
    public GroupHeader group() {
        var accepted = group;
        if (accepted == null) {
            throw new IllegalStateException("no group was accepted");
        }
        return accepted;
    }

    /// Its position in the file.
    public long groupPosition() {
        return position - group().fileBytes();
    }

    /// Where its entries stand in [#buffer], until the next call of [#next].
    public int entriesIndex() {
        return entriesIndex;
    }

    public ByteBuffer buffer() {
        return reader.buffer();
    }

    /// Where the next group would stand.
    public long position() {
        return position;
    }

    public long lsn() {
        return lsn;
    }

    public int chain() {
        return chain;
    }

    public long epoch() {
        return epoch;
    }

    public long sequence() {
        return sequence;
    }

    public LogFile file() {
        var scanned = file;
        if (scanned == null) {
            throw new IllegalStateException("no segment was begun");
        }
        return scanned;
    }

    /// Why [#next] stopped.
    public String defect() {
        return defect == null ? "" : defect;
    }
}
