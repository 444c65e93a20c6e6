package io.taffrail.streams;

import io.taffrail.wal.io.LogFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Reads [Blocks] and returns no byte that was not verified. No state: any thread.
final class BlockReader {
    private static final int READ_BLOCKS = 64;

    private final LogFile file;
    private final String name;
    private final long fileId;

    BlockReader(LogFile file, String name, long fileId) {
        this.file = file;
        this.name = name;
        this.fileId = fileId;
    }

    /// Payload of one block.
    ByteBuffer read(int number) throws IOException {
        return read(number, Blocks.PAYLOAD_BYTES);
    }

    /// So many bytes of payload, from the block's beginning on.
    ByteBuffer read(int firstBlock, int payloadBytes) throws IOException {
        var blocks = (int) Blocks.count(payloadBytes);
        var payload = ByteBuffer.allocate(payloadBytes).order(ByteOrder.LITTLE_ENDIAN);
        var buffer = Blocks.allocate(Math.min(blocks, READ_BLOCKS));
        for (var done = 0; done < blocks; ) {
            var part = Math.min(blocks - done, READ_BLOCKS);
            buffer.clear().limit(part * Blocks.SIZE_BYTES);
            var read = file.read(buffer, (long) (firstBlock + done) * Blocks.SIZE_BYTES);
            if (read < part * Blocks.SIZE_BYTES) {
                throw new CorruptStateException(
                        name + " ends in block " + (firstBlock + done + read / Blocks.SIZE_BYTES));
            }
            for (var i = 0; i < part; i++) {
                var at = i * Blocks.SIZE_BYTES;
                Blocks.verify(buffer, at, fileId, firstBlock + done + i, name);
                payload.put(
                        payload.position(),
                        buffer,
                        at + Blocks.HEADER_BYTES,
                        Math.min(Blocks.PAYLOAD_BYTES, payload.remaining()));
                payload.position(payload.position() + Math.min(Blocks.PAYLOAD_BYTES, payload.remaining()));
            }
            done += part;
        }
        return payload.flip();
    }
}
