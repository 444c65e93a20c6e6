package io.taffrail.replication;

import io.taffrail.wal.io.LogDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;

/// A small file that is read and replaced whole, in blocks that are fit for direct I/O. Blocks the caller.
final class WholeFile {
    static final String TEMPORARY_SUFFIX = ".new";
    private static final int BLOCK_BYTES = 4096;

    private WholeFile() {}

    /// Memory for so many bytes, up to the end of their last block; at least a block.
    static ByteBuffer blocks(int bytes) {
        var rounded = Math.max(BLOCK_BYTES, (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES);
        return ByteBuffer.allocateDirect(rounded + BLOCK_BYTES)
                .alignedSlice(BLOCK_BYTES)
                .limit(rounded)
                .slice();
    }

    /// The file, or as much of it as `maxBytes`.
    static ByteBuffer read(LogDirectory directory, String name, int maxBytes) throws IOException {
        try (var file = directory.open(name)) {
            var bytes = blocks((int) Math.min(maxBytes, file.sizeBytes()));
            while (bytes.hasRemaining() && file.read(bytes, bytes.position()) > 0) {
                // until it is full
            }
            return bytes.flip();
        }
    }

    /// After a crash the file is the old one or this one. Its last block is filled up with `filler`.
    static void replace(LogDirectory directory, String name, ByteBuffer value, byte filler) throws IOException {
        var bytes = blocks(value.remaining()).put(value);
        while (bytes.hasRemaining()) {
            bytes.put(filler);
        }
        bytes.flip();
        var temporary = name + TEMPORARY_SUFFIX;
        if (directory.exists(temporary)) {
            directory.delete(temporary);
        }
        try (var file = directory.create(temporary, bytes.remaining())) {
            file.write(bytes, 0);
            file.force();
        }
        directory.rename(temporary, name);
        directory.sync();
    }
}
