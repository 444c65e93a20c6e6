package io.taffrail.wal;

import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.LogDirectory;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A small durable value that is replaced atomically: two 4 KiB slots, written in turn, each with a sequence
/// number and a CRC32C; the newest valid one counts. The file never changes its size, so a write needs no
/// free space.
public final class SlotFile implements AutoCloseable {
    public static final int MAX_VALUE_BYTES = 4096 - 32;

    /// Opens or creates the file (and flushes the directory if it creates it); blocks.
    public static SlotFile open(LogDirectory directory, String name, IoMethod io) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// The value as it was when the file was opened; null: none was ever written. Throws
    /// [WalException.BadEntry] if both slots are damaged.
    public @Nullable ByteBuffer value() {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Writes and flushes the value; `done` is called from the loop with null, or with what failed. Writes
    /// are carried out in order; of several that wait only the newest is written, and its completion
    /// completes them all.
    public void write(ByteBuffer value, Consumer<@Nullable String> done) {
        throw new UnsupportedOperationException("not built yet");
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException("not built yet");
    }
}
