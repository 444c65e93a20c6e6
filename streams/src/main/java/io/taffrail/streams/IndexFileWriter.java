package io.taffrail.streams;

import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.LogFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Writes one index file: runs in the order of the stream ids, each run's entries in the order of offsets.
/// Under a temporary name until [#finish], so that what a crash leaves is never taken for a file.
final class IndexFileWriter implements AutoCloseable {
    private static final int CHUNK_ITEMS = 128;

    private final LogDirectory directory;
    private final FileName.Index name;
    private final LogFile file;
    private final BlockWriter blocks;
    private final ByteWriter items = new ByteWriter();
    private final ByteBuffer chunk =
            ByteBuffer.allocate(CHUNK_ITEMS * IndexFile.ITEM_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private int entryCount;
    private int streamCount;
    private int runStart;
    private long firstOffset;
    private long endOffset;
    private long lastMillis;

    IndexFileWriter(LogDirectory directory, FileName.Index name, CheckpointJob job) throws IOException {
        this.directory = directory;
        this.name = name;
        var temporary = name + FileName.TEMPORARY_SUFFIX;
        if (directory.exists(temporary)) {
            directory.delete(temporary);
        }
        this.file = directory.create(temporary, 0);
        this.blocks = new BlockWriter(file, name.fileId(), job);
    }

    /// The entry of the current run that starts at `words[at]`.
    void add(long[] words, int at) throws IOException {
        if (entryCount == runStart) {
            firstOffset = words[at + IndexedBatch.BASE_OFFSET];
        }
        endOffset = words[at + IndexedBatch.BASE_OFFSET] + (words[at + IndexedBatch.COUNT_LENGTH] >>> 32);
        lastMillis = words[at + IndexedBatch.TIMESTAMP];
        if (!chunk.hasRemaining()) {
            flushChunk();
        }
        for (var i = 0; i < IndexedBatch.WORDS; i++) {
            chunk.putLong(words[at + i]);
        }
        entryCount++;
    }

    /// Ends the run of a stream; one without entries leaves no trace.
    void endRun(long streamId) {
        if (entryCount == runStart) {
            return;
        }
        items.putLong(streamId);
        items.putLong(firstOffset);
        items.putLong(endOffset);
        items.putLong(lastMillis);
        items.putLong((long) runStart << 32 | (entryCount - runStart));
        streamCount++;
        runStart = entryCount;
    }

    /// Makes the file durable, apart from its name, which the next sync of the directory covers.
    void finish() throws IOException {
        flushChunk();
        blocks.padBlock();
        blocks.put(items.toBuffer());
        blocks.finish(IndexFile.header(entryCount, streamCount));
        file.force();
        file.close();
        directory.rename(name + FileName.TEMPORARY_SUFFIX, name.toString());
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    private void flushChunk() throws IOException {
        blocks.put(chunk.flip());
        chunk.clear();
    }
}
