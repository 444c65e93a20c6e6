package io.taffrail.wal.segment;

import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.LogFile;
import java.io.IOException;

/// Puts a copy in the place of segments whose bytes may stand in the page cache alone. After a flush that
/// failed the kernel takes what it could not write for written, and no later flush writes it: a file with the
/// same bytes is new to it. A copy takes the segment's name when it is flushed, so a crash leaves one of the
/// two.
public final class FreshCopy {
    private static final int CHUNK_BYTES = 1 << 20;

    private FreshCopy() {}

    /// Of every segment with entries at or behind `lsn`, after recovery and before anything is appended.
    /// Blocks.
    public static void ofAllBeyond(long lsn, LogDirectory directory, SegmentTable table) throws IOException {
        for (var segment : table.all()) {
            var next = table.after(segment);
            if (next == null || next.baseLsn() > lsn) {
                replace(segment, directory, table);
            }
        }
    }

    /// The file that is ready for the next segment: its zeros, or its length, may be what was not written. Another
    /// is made when it is needed.
    public static void giveUp(LogFile prepared, LogDirectory directory) throws IOException {
        prepared.close();
        directory.delete(prepared.name());
        directory.sync();
    }

    private static void replace(Segment segment, LogDirectory directory, SegmentTable table) throws IOException {
        var name = SegmentName.of(segment.sequence());
        var copyName = name + SegmentRebuild.SUFFIX;
        var source = segment.file();
        var length = source.sizeBytes();
        try (var copy = directory.create(copyName, length)) {
            var chunk = Blocks.allocate(CHUNK_BYTES);
            for (var at = 0L; at < length; at += CHUNK_BYTES) {
                chunk.clear().limit((int) Math.min(CHUNK_BYTES, length - at));
                while (chunk.hasRemaining() && source.read(chunk, at + chunk.position()) > 0) {
                    // until it is full
                }
                if (chunk.hasRemaining()) {
                    throw new IOException(segment + " ended at " + (at + chunk.position()) + " while it was copied");
                }
                copy.write(chunk.flip(), at);
            }
            copy.force();
        }
        directory.rename(copyName, name);
        directory.sync();
        table.replaced(segment, directory);
    }
}
