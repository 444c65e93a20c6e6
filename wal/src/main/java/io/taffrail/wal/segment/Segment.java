package io.taffrail.wal.segment;

import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.LogFile;
import java.io.IOException;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// One segment of the log, opened when it is first needed. Any thread.
public final class Segment {
    /// Groups closer together than this are found by walking from the one before: 256 entries for a segment
    /// of 64 MiB.
    static final int INDEX_SPACING_BYTES = 256 << 10;

    private final SegmentHeader header;
    private final LogDirectory directory;
    private final SegmentTable table;
    private final AtomicReference<@Nullable LogFile> file = new AtomicReference<>();
    /// First LSN of some groups, and the position of the group.
    private final ConcurrentSkipListMap<Long, Integer> groups = new ConcurrentSkipListMap<>();
    private int writes;

    Segment(SegmentHeader header, LogDirectory directory, SegmentTable table) {
        this.header = header;
        this.directory = directory;
        this.table = table;
        groups.put(header.baseLsn(), Blocks.BLOCK_BYTES);
    }

    public SegmentHeader header() {
        return header;
    }

    public long sequence() {
        return header.sequence();
    }

    public long baseLsn() {
        return header.baseLsn();
    }

    public int segmentBytes() {
        return header.segmentBytes();
    }

    /// Open until others are needed more; a read that fails because of that is to be tried again.
    public LogFile file() throws IOException {
        var open = file.get();
        if (open != null) {
            return open;
        }
        var opened = directory.open(SegmentName.of(sequence()));
        if (file.compareAndSet(null, opened)) {
            table.opened(this);
            return opened;
        }
        opened.close();
        return file();
    }

    /// The file, which stays open until [#endWrite]. The loop's.
    synchronized LogFile beginWrite() throws IOException {
        writes++;
        return file();
    }

    synchronized void endWrite() {
        writes--;
    }

    /// False: a write is on its way to the file. Any thread.
    synchronized boolean closeIfIdle() throws IOException {
        if (writes > 0) {
            return false;
        }
        close();
        return true;
    }

    boolean isOpen() {
        return file.get() != null;
    }

    void attach(LogFile prepared) throws IOException {
        file.set(prepared);
        table.opened(this);
    }

    void close() throws IOException {
        var open = file.getAndSet(null);
        if (open != null) {
            open.close();
        }
    }

    void index(long groupLsn, int position) {
        var before = groups.lowerEntry(groupLsn);
        if (before != null && position - before.getValue() >= INDEX_SPACING_BYTES) {
            groups.put(groupLsn, position);
        }
    }

    /// A group stands there, behind one that cannot be walked over any more.
    public void reenter(long groupLsn, long position) {
        groups.put(groupLsn, Math.toIntExact(position));
    }

    /// Nothing from `lsn` on is in this segment any more.
    void cut(long lsn) {
        groups.tailMap(lsn, false).clear();
    }

    /// Where the group that holds `lsn` stands in the file; -1: no group there holds it.
    public int locate(long lsn, BlockReader reader) throws IOException {
        var known = groups.floorEntry(lsn);
        if (known == null) {
            return -1;
        }
        reader.use(file());
        var position = known.getValue().intValue();
        var stepBytes = 0;
        while (true) {
            // Of groups larger than a window, one after the other would be read for its header.
            var index = stepBytes < reader.windowBytes()
                    ? reader.load(position, GroupHeader.SIZE_BYTES)
                    : reader.loadAlone(position, GroupHeader.SIZE_BYTES);
            var group = index < 0 ? null : GroupHeader.read(reader.buffer(), index);
            if (group == null || group.sequence() != sequence() || group.lsn() > lsn) {
                return -1;
            }
            if (lsn < group.endLsn()) {
                return position;
            }
            stepBytes = group.fileBytes();
            position += stepBytes;
            index(group.endLsn(), position);
        }
    }

    @Override
    public String toString() {
        return SegmentName.of(sequence()) + " from " + baseLsn();
    }
}
