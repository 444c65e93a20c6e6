package io.taffrail.streams;

import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.LogFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/// An immutable file of batches: a header block, the entries sorted by stream and then by offset, a directory
/// of the streams. Items of 40 bytes fill a block exactly. Read by any thread until it is closed.
///
/// | header at | bytes | |
/// |---|---|---|
/// | 0 | 8 | `TAFRLIDX` |
/// | 8 | 4 | format version, 1 |
/// | 12 | 4 | entries |
/// | 16 | 4 | streams in the directory |
///
/// An entry is five numbers (see [IndexedBatch]); a directory item is stream id, first offset, end offset,
/// time of the last batch, and the first entry's number in the upper half with the count in the lower.
final class IndexFile {
    static final int ITEM_BYTES = 8 * IndexedBatch.WORDS;
    static final int ITEMS_PER_BLOCK = Blocks.PAYLOAD_BYTES / ITEM_BYTES;
    static final long MAGIC = 0x58_44_49_4c_52_46_41_54L;
    static final int VERSION = 1;
    private static final int VERIFIED_BLOCKS = 64;

    /// The file was closed: the state that named it has been replaced, and the caller looks it up again.
    static final class ClosedException extends RuntimeException {
        private static final long serialVersionUID = 1;

        ClosedException(String name, IOException cause) {
            super("index file " + name + " is closed", cause);
        }
    }

    private final FileName.Index name;
    private final LogFile file;
    private final BlockReader blocks;
    private final int entryCount;
    private final int streamCount;
    private volatile boolean closed;

    private IndexFile(FileName.Index name, LogFile file, BlockReader blocks, int entryCount, int streamCount) {
        this.name = name;
        this.file = file;
        this.blocks = blocks;
        this.entryCount = entryCount;
        this.streamCount = streamCount;
    }

    static ByteBuffer header(int entryCount, int streamCount) {
        return ByteBuffer.allocate(20)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(MAGIC)
                .putInt(VERSION)
                .putInt(entryCount)
                .putInt(streamCount)
                .flip();
    }

    static IndexFile open(LogDirectory directory, FileName.Index name) throws IOException {
        return open(directory, name, "");
    }

    /// A copy with `suffix` behind its name.
    static IndexFile open(LogDirectory directory, FileName.Index name, String suffix) throws IOException {
        var file = directory.open(name + suffix);
        try {
            var blocks = new BlockReader(file, name.toString(), name.fileId());
            var header = blocks.read(0);
            if (header.getLong() != MAGIC || header.getInt() != VERSION) {
                throw new CorruptStateException(name + " is of a format that is not known here");
            }
            var index = new IndexFile(name, file, blocks, header.getInt(), header.getInt());
            var expected = (1 + blockCount(index.entryCount) + blockCount(index.streamCount)) * Blocks.SIZE_BYTES;
            var countable = index.entryCount >= 0 && index.streamCount >= 0 && index.streamCount <= index.entryCount;
            if (!countable || file.sizeBytes() != expected) {
                throw new CorruptStateException(
                        "%s has %s bytes, %s expected".formatted(name, file.sizeBytes(), expected));
            }
            return index;
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    FileName.Index name() {
        return name;
    }

    int entryCount() {
        return entryCount;
    }

    /// A stream's part of the file.
    record StreamRun(long streamId, IndexRun run) {}

    /// In the order of the stream ids.
    List<StreamRun> directory() throws IOException {
        var runs = new ArrayList<StreamRun>(streamCount);
        var first = (int) (1 + blockCount(entryCount));
        var items = read(first, streamCount);
        for (var i = 0; i < streamCount; i++) {
            var streamId = items.getLong();
            var firstOffset = items.getLong();
            var endOffset = items.getLong();
            var lastMillis = items.getLong();
            var place = items.getLong();
            var firstEntry = (int) (place >>> 32);
            var count = (int) place;
            if (firstEntry < 0 || count < 1 || (long) firstEntry + count > entryCount || endOffset <= firstOffset) {
                throw new CorruptStateException("%s: stream %s has %s entries from %s on, offsets %s to %s"
                        .formatted(name, streamId, count, firstEntry, firstOffset, endOffset));
            }
            runs.add(
                    new StreamRun(streamId, new IndexRun(this, firstEntry, count, firstOffset, endOffset, lastMillis)));
        }
        return runs;
    }

    /// Reads every block of it; throws if one is damaged or cannot be read.
    void verify() throws IOException {
        var count = 1 + blockCount(entryCount) + blockCount(streamCount);
        for (var first = 0; first < count; first += VERIFIED_BLOCKS) {
            read(first, (int) Math.min(VERIFIED_BLOCKS, count - first) * ITEMS_PER_BLOCK);
        }
        directory();
    }

    /// The entries of one block, five numbers each; the last block's are followed by zeros.
    long[] entries(int block) throws IOException {
        var words = new long[ITEMS_PER_BLOCK * IndexedBatch.WORDS];
        read(1 + block, ITEMS_PER_BLOCK).asLongBuffer().get(words);
        return words;
    }

    /// The packed entries of a run.
    ByteBuffer entries(IndexRun run) throws IOException {
        var firstBlock = run.firstEntry() / ITEMS_PER_BLOCK;
        var skipped = run.firstEntry() % ITEMS_PER_BLOCK;
        var items = read(1 + firstBlock, skipped + run.count());
        return items.position(skipped * ITEM_BYTES);
    }

    void close() {
        closed = true;
        try {
            file.close();
        } catch (IOException e) {
            throw new CorruptStateException("closing index file " + name, e);
        }
    }

    static long blockCount(int items) {
        return Blocks.count((long) items * ITEM_BYTES);
    }

    private ByteBuffer read(int firstBlock, int items) throws IOException {
        try {
            return blocks.read(firstBlock, items * ITEM_BYTES);
        } catch (IOException e) {
            if (closed) {
                throw new ClosedException(name.toString(), e);
            }
            throw e;
        }
    }
}
