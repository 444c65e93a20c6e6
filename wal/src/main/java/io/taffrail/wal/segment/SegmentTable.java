package io.taffrail.wal.segment;

import io.taffrail.wal.io.LogDirectory;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/// The log's segments by base LSN. Changed by the loop, read by any thread.
public final class SegmentTable {
    private static final int KEPT_SEGMENTS = 2;

    private final ConcurrentSkipListMap<Long, Segment> segments = new ConcurrentSkipListMap<>();

    void add(Segment segment) {
        segments.put(segment.baseLsn(), segment);
    }

    void remove(Segment segment) {
        segments.remove(segment.baseLsn(), segment);
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
