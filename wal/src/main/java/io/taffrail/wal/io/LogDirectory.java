package io.taffrail.wal.io;

import java.io.IOException;
import java.util.List;

/// A folder of files that one process owns. Every call blocks, but only for metadata: bytes move through an
/// [IoMethod] or the [LogFile] itself. Creations, renames and deletions survive power loss only after [#sync].
public interface LogDirectory extends AutoCloseable {
    /// Names of the files, sorted.
    List<String> list() throws IOException;

    boolean exists(String name) throws IOException;

    /// Fails if the file exists. `lengthBytes` of space are allocated (the file has that size and reads as
    /// zeros), which takes the time of writing as many zeros: a loop that cannot stand still for that
    /// creates the file with length 0 and writes the zeros through its [IoMethod].
    LogFile create(String name, long lengthBytes) throws IOException;

    LogFile open(String name) throws IOException;

    /// Replaces `to` atomically.
    void rename(String from, String to) throws IOException;

    void delete(String name) throws IOException;

    /// The folder's entries as they are now survive power loss.
    void sync() throws IOException;

    /// Makes the folder if it is not there, so that it survives power loss.
    LogDirectory subdirectory(String name) throws IOException;

    long freeBytes() throws IOException;

    long totalBytes() throws IOException;

    @Override
    void close() throws IOException;
}
