package io.taffrail.wal.segment;

import io.taffrail.wal.io.LogFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Reads a file through a window of whole blocks, as direct I/O wants it. One thread at a time.
public final class BlockReader {
    private final int windowBytes;
    private final int readAheadBytes;
    private ByteBuffer window;
    private @Nullable LogFile file;
    private long start;
    private int length;
    private long bytesRead;

    public BlockReader(int windowBytes) {
        this(windowBytes, windowBytes);
    }

    /// `readAheadBytes`: what is read at once while each read goes on where the one before ended.
    public BlockReader(int windowBytes, int readAheadBytes) {
        this.windowBytes = Blocks.roundUp(windowBytes);
        this.readAheadBytes = Blocks.roundUp(readAheadBytes);
        this.window = Blocks.allocate(0);
    }

    /// Reads from this file from now on; what the window holds of it stays.
    @SuppressWarnings("ReferenceEquality") // the same open file, not a file of the same name
    public void use(LogFile file) {
        if (this.file != file) {
            this.file = file;
            forget();
        }
    }

    /// The file may have changed since it was read.
    public void forget() {
        length = 0;
    }

    /// Bytes at [#load]'s index on are the file's. Little-endian.
    public ByteBuffer buffer() {
        return window;
    }

    /// Whether the block at this index of [#buffer] is all zeros.
    public boolean isZero(int index) {
        return Blocks.isZero(window, index, index + Blocks.BLOCK_BYTES);
    }

    int windowBytes() {
        return windowBytes;
    }

    public long bytesRead() {
        return bytesRead;
    }

    /// Has `bytes` at `position` in [#buffer] and returns their index there; -1: the file ends before.
    public int load(long position, int bytes) throws IOException {
        return load(position, bytes, windowBytes);
    }

    /// As [#load], for who goes on far behind it: what has to be read is read without what follows.
    int loadAlone(long position, int bytes) throws IOException {
        return load(position, bytes, 0);
    }

    private int load(long position, int bytes, int alongBytes) throws IOException {
        if (position < start || position + bytes > start + length) {
            fill(position, bytes, alongBytes);
        }
        return position + bytes <= start + length ? (int) (position - start) : -1;
    }

    private void fill(long position, int bytes, int alongBytes) throws IOException {
        var from = file;
        if (from == null) {
            throw new IllegalStateException("no file to read from");
        }
        var first = position & -(long) Blocks.BLOCK_BYTES;
        var needed = Blocks.roundUp(position - first + bytes);
        var goesOn = length > 0 && first > start && first <= start + length && alongBytes > 0;
        // What straddles the window's end is not read a second time.
        var kept = goesOn ? (int) (start + length - first) & -Blocks.BLOCK_BYTES : 0;
        var useful = Math.min(
                goesOn ? kept + readAheadBytes : alongBytes, Blocks.roundUp(Math.max(0, from.sizeBytes() - first)));
        var wanted = Math.toIntExact(Math.max(needed, useful));
        var before = window;
        if (window.capacity() < wanted) {
            window = Blocks.allocate(wanted);
        }
        if (kept > 0) {
            window.put(0, before, (int) (first - start), kept);
        }
        length = 0;
        start = first;
        window.clear().limit(wanted).position(kept);
        while (window.hasRemaining()) {
            var read = from.read(window, first + window.position());
            if (read <= 0) {
                break;
            }
            bytesRead += read;
        }
        length = window.position();
        window.clear();
    }
}
