package io.taffrail.wal.segment;

import io.taffrail.wal.io.LogDirectory;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// The log's segments by base LSN. Changed by the loop, read by any thread.
public final class SegmentTable {
    private static final int KEPT_SEGMENTS = 2;
    /// Files of segments that are open at once: a long log has more than a process may have open.
    public static final int MAX_OPEN_FILES = 128;
    /// Newest segments whose files stay open: writes may be on their way to them.
    private static final int WRITTEN_SEGMENTS = GroupFlusher.MAX_IN_FLIGHT + 1;

    private final ConcurrentSkipListMap<Long, Segment> segments = new ConcurrentSkipListMap<>();
    private final ConcurrentLinkedQueue<Segment> openFiles = new ConcurrentLinkedQueue<>();
    private final AtomicInteger openFileCount = new AtomicInteger();

    /// Closes the file that was opened longest ago if there are too many. Any thread.
    void opened(Segment segment) throws IOException {
        openFiles.add(segment);
        if (openFileCount.incrementAndGet() <= MAX_OPEN_FILES) {
            return;
        }
        var newest = last();
        for (var tries = 0; tries <= WRITTEN_SEGMENTS; tries++) {
            var oldest = openFiles.poll();
            if (oldest == null) {
                return;
            }
            // Segments exist from the first byte in memory, so even one far from the newest may be being written.
            if (newest != null && oldest.sequence() <= newest.sequence() - WRITTEN_SEGMENTS && oldest.closeIfIdle()) {
                openFileCount.decrementAndGet();
                return;
            }
            openFiles.add(oldest);
        }
    }

    int openFiles() {
        return openFileCount.get();
    }

    void add(Segment segment) {
        segments.put(segment.baseLsn(), segment);
    }

    /// The segment's file is another now, with the same entries at positions of its own. Whoever still reads
    /// the old one reads again.
    void replaced(Segment segment, LogDirectory directory) throws IOException {
        segments.replace(segment.baseLsn(), segment, new Segment(segment.header(), directory, this));
        segment.close();
    }

    void remove(Segment segment) {
        segments.remove(segment.baseLsn(), segment);
    }

    /// Whether the table still holds this one, and the other right behind it.
    boolean holds(Segment segment, Segment next) {
        return segment.equals(segments.get(segment.baseLsn())) && next.equals(after(segment));
    }

    /// Null: `lsn` is below the log.
    public @Nullable Segment holding(long lsn) {
        var entry = segments.floorEntry(lsn);
        return entry == null ? null : entry.getValue();
    }

    public @Nullable Segment after(Segment segment) {
        var entry = segments.higherEntry(segment.baseLsn());
        return entry == null ? null : entry.getValue();
    }

    public @Nullable Segment first() {
        var entry = segments.firstEntry();
        return entry == null ? null : entry.getValue();
    }

    public @Nullable Segment last() {
        var entry = segments.lastEntry();
        return entry == null ? null : entry.getValue();
    }

    public List<Segment> all() {
        return List.copyOf(segments.values());
    }

    /// Deletes whole segments below `lsn`, never the last two. One by one and oldest first, each flushed: a
    /// crash may bring back a deleted file, and one that came back without its successor would be a hole.
    public void trim(long lsn, LogDirectory directory) throws IOException {
        while (segments.size() > KEPT_SEGMENTS) {
            var oldest = segments.firstEntry().getValue();
            var next = segments.higherEntry(oldest.baseLsn()).getValue();
            if (next.baseLsn() > lsn) {
                return;
            }
            segments.remove(oldest.baseLsn());
            oldest.close();
            directory.delete(SegmentName.of(oldest.sequence()));
            directory.sync();
        }
    }

    public int size() {
        return segments.size();
    }

    public void close() throws IOException {
        for (var segment : segments.values()) {
            segment.close();
        }
    }
}
