package io.taffrail.wal.io;

import java.io.IOException;
import java.nio.ByteBuffer;

/// An open file of a [LogDirectory]. Asynchronous work on it goes through an [IoMethod].
public interface LogFile extends AutoCloseable {
    String name();

    long sizeBytes() throws IOException;

    /// The unit of direct I/O; 1 for a file that was opened buffered.
    int blockSizeBytes();

    /// Reads at `position` on the calling thread and waits for it; returns the bytes read, less than asked
    /// only at the end of the file. Any thread: readers of sealed segments and recovery use it.
    int read(ByteBuffer target, long position) throws IOException;

    /// Writes all of `source` at `position` on the calling thread and waits for it; the file grows if it has
    /// to. Survives power loss only after [#force]. Any thread, one at a time: for files that are written
    /// beside the log, such as checkpoints; the log itself goes through an [IoMethod].
    void write(ByteBuffer source, long position) throws IOException;

    /// Everything that was written to the file, and its size, survives power loss. A failure is final: what
    /// was written since the last one is unknown, so the file has to be given up; [FlushFailedException] says
    /// so.
    void force() throws IOException;

    @Override
    void close() throws IOException;
}
