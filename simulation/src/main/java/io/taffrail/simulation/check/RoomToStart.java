package io.taffrail.simulation.check;

import io.taffrail.wal.segment.SegmentName;
import java.util.Map;

/// When a process may say that its volume is too full to start on: while there is no room for the segment that it
/// begins with, or for a copy of what it has to give up, which is never more than its segments.
public final class RoomToStart {
    private static final String LOG_FOLDER = "log/";

    private RoomToStart() {}

    /// `files`: what the volume holds, by path, with sizes in bytes.
    public static boolean mayLack(Map<String, Long> files, long freeBytes, int segmentBytes) {
        var copyBytes = 0L;
        for (var file : files.entrySet()) {
            var path = file.getKey();
            if (path.startsWith(LOG_FOLDER) && SegmentName.matches(path.substring(LOG_FOLDER.length()))) {
                copyBytes += file.getValue();
            }
        }
        return freeBytes < Math.max(segmentBytes, copyBytes);
    }
}
