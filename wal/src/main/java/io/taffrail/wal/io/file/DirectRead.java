package io.taffrail.wal.io.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.concurrent.ArrayBlockingQueue;

/// Reads any range of a file that was opened for direct I/O by reading the blocks around it. A second,
/// buffered descriptor would be simpler and wrong: a page that a reader holds while the writer writes the
/// block directly makes the kernel fail the file's next flush.
final class DirectRead {
    private static final int BUFFER_BYTES = 256 << 10;
    // Readers that read at one moment and find no buffer here make one and drop it.
    private static final int KEPT_BUFFERS = 8;
    private static final ArrayBlockingQueue<ByteBuffer> BUFFERS = new ArrayBlockingQueue<>(KEPT_BUFFERS);

    private DirectRead() {}

    static int read(FileChannel channel, ByteBuffer target, long position) throws IOException {
        if (isAligned(target, position)) {
            return readInto(channel, target, position);
        }
        var pooled = BUFFERS.poll();
        var blocks = pooled != null ? pooled : DirectProbe.alignedBuffer(BUFFER_BYTES);
        try {
            var start = target.position();
            while (target.hasRemaining()) {
                if (readBlocks(channel, blocks, target, position + target.position() - start) == 0) {
                    break;
                }
            }
            return target.position() - start;
        } finally {
            var _ = BUFFERS.offer(blocks);
        }
    }

    private static boolean isAligned(ByteBuffer target, long position) {
        var block = ChannelLogFile.DIRECT_BLOCK_BYTES;
        return target.isDirect()
                && position % block == 0
                && target.remaining() % block == 0
                && target.alignmentOffset(target.position(), block) == 0;
    }

    /// The device writes where the bytes are wanted. It stops at the file's end, or short of it when it likes: then
    /// what is left is as aligned as before, or it is the end.
    private static int readInto(FileChannel channel, ByteBuffer target, long position) throws IOException {
        var start = target.position();
        while (target.hasRemaining()) {
            var at = position + target.position() - start;
            if (at % ChannelLogFile.DIRECT_BLOCK_BYTES != 0 || channel.read(target, at) <= 0) {
                break;
            }
        }
        return target.position() - start;
    }

    private static int readBlocks(FileChannel channel, ByteBuffer blocks, ByteBuffer target, long position)
            throws IOException {
        var lead = (int) (position % ChannelLogFile.DIRECT_BLOCK_BYTES);
        var wanted = Math.min((long) lead + target.remaining(), BUFFER_BYTES);
        var blockSize = ChannelLogFile.DIRECT_BLOCK_BYTES;
        blocks.clear().limit((int) ((wanted + blockSize - 1) / blockSize * blockSize));
        // One call: what it leaves out is the file's end, or is asked for again at the next position.
        if (channel.read(blocks, position - lead) <= lead) {
            return 0;
        }
        blocks.flip().position(lead);
        var bytes = Math.min(blocks.remaining(), target.remaining());
        blocks.limit(lead + bytes);
        target.put(blocks);
        return bytes;
    }
}
