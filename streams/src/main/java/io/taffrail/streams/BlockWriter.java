package io.taffrail.streams;

import io.taffrail.wal.io.LogFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/// Writes payload into [Blocks] from block 1 on, in large writes. Block 0, the file's header, comes last: it
/// says how much there is.
final class BlockWriter {
    private static final int BUFFERED_BLOCKS = 64;
    private static final int FIRST_BLOCKS = 2;

    private final LogFile file;
    private final long fileId;
    private final CheckpointJob job;
    private ByteBuffer buffer = Blocks.allocate(FIRST_BLOCKS);
    private int firstBlock = 1;
    private long payloadBytes;

    /// @param job once it is cancelled, the next large write throws
    BlockWriter(LogFile file, long fileId, CheckpointJob job) {
        this.file = file;
        this.fileId = fileId;
        this.job = job;
        buffer.position(Blocks.HEADER_BYTES);
    }

    /// Bytes so far, what [#padBlock] added included.
    long payloadBytes() {
        return payloadBytes;
    }

    /// The remaining bytes of `source`.
    void put(ByteBuffer source) throws IOException {
        while (source.hasRemaining()) {
            var room = Blocks.SIZE_BYTES - buffer.position() % Blocks.SIZE_BYTES;
            var part = Math.min(room, source.remaining());
            buffer.put(source.slice(source.position(), part));
            source.position(source.position() + part);
            payloadBytes += part;
            if (part == room) {
                nextBlock();
            }
        }
    }

    /// What comes next starts a block.
    void padBlock() throws IOException {
        var used = buffer.position() % Blocks.SIZE_BYTES;
        if (used > Blocks.HEADER_BYTES) {
            var padding = Blocks.SIZE_BYTES - used;
            buffer.put(new byte[padding]);
            payloadBytes += padding;
            nextBlock();
        }
    }

    /// Writes what is left and the header block; returns the file's size.
    long finish(ByteBuffer header) throws IOException {
        padBlock();
        write(buffer.position() / Blocks.SIZE_BYTES);
        var block = Blocks.allocate(1);
        block.put(Blocks.HEADER_BYTES, header, header.position(), header.remaining());
        Blocks.seal(block, 0, fileId, 0);
        file.write(block, 0);
        return (long) firstBlock * Blocks.SIZE_BYTES;
    }

    private void nextBlock() throws IOException {
        if (buffer.position() == BUFFERED_BLOCKS * Blocks.SIZE_BYTES) {
            write(BUFFERED_BLOCKS);
        } else if (!buffer.hasRemaining()) {
            buffer = Blocks.allocate(2 * buffer.capacity() / Blocks.SIZE_BYTES).put(buffer.flip());
        }
        buffer.position(buffer.position() + Blocks.HEADER_BYTES);
    }

    private void write(int blocks) throws IOException {
        job.ensureWanted();
        for (var i = 0; i < blocks; i++) {
            Blocks.seal(buffer, i * Blocks.SIZE_BYTES, fileId, firstBlock + i);
        }
        file.write(buffer.clear().limit(blocks * Blocks.SIZE_BYTES), (long) firstBlock * Blocks.SIZE_BYTES);
        firstBlock += blocks;
        buffer.clear();
    }
}
