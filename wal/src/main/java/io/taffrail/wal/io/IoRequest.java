package io.taffrail.wal.io;

import java.nio.ByteBuffer;

/// What can be asked of the disk. `position` is in bytes from the file's start. For a file that was opened
/// for direct I/O, buffers, positions and lengths are multiples of [LogFile#blockSizeBytes]. A buffer's own
/// position and limit stay as they are. Direct buffers are passed to the kernel as they are, others are copied.
public sealed interface IoRequest {
    LogFile file();

    IoCompletion completion();

    /// For a failure's message: what was asked for.
    default String describe() {
        return switch (this) {
            case Read read ->
                "read of " + read.target().remaining() + " bytes at " + read.position() + " of " + read.file();
            case Write write ->
                "write of " + write.source().remaining() + " bytes at " + write.position() + " of " + write.file();
            case Sync sync -> "fdatasync of " + sync.file();
        };
    }

    /// Fills `target` from its position to its limit; less only at the end of the file.
    record Read(LogFile file, ByteBuffer target, long position, IoCompletion completion) implements IoRequest {}

    /// Writes all of `source`; the file grows if it has to. With `durable` these bytes survive power loss when
    /// this completes (RWF_DSYNC, O_DSYNC, or a write and then fdatasync, as the method can). It vouches for no
    /// other write: what was written without `durable` needs a `Sync`.
    record Write(LogFile file, ByteBuffer source, long position, boolean durable, IoCompletion completion)
            implements IoRequest {}

    /// fdatasync: everything written to the file before this was submitted, by completed writes, survives
    /// power loss.
    record Sync(LogFile file, IoCompletion completion) implements IoRequest {}
}
