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

    @Override
    void close() throws IOException;
}
