package io.taffrail.wal.io.file;

import io.taffrail.wal.io.Errno;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Finds out by a real write whether a folder's file system does direct I/O in 4 KiB blocks. tmpfs before
/// Linux 6.6, some overlay and network file systems do not. What it writes to stays for the next start, which then
/// needs no room on a disk that is full.
final class DirectProbe {
    static final String FILE_NAME = "direct-probe";

    private DirectProbe() {}

    static FileLogDirectory.Mode choose(Path path, Buffering wanted) throws IOException {
        if (wanted == Buffering.BUFFERED) {
            return new FileLogDirectory.Mode(true, Buffering.BUFFERED, VolatileCache.needsFlush(path), "as configured");
        }
        var blockSize = Files.getFileStore(path).getBlockSize();
        if (ChannelLogFile.DIRECT_BLOCK_BYTES % blockSize != 0) {
            return buffered(
                    path,
                    "its blocks are of " + blockSize + " bytes, Taffrail's of " + ChannelLogFile.DIRECT_BLOCK_BYTES);
        }
        var probe = path.resolve(FILE_NAME);
        try (var channel =
                FileChannel.open(probe, StandardOpenOption.CREATE, StandardOpenOption.WRITE, DirectOption.O_DIRECT)) {
            channel.write(alignedBuffer(ChannelLogFile.DIRECT_BLOCK_BYTES), 0);
            return new FileLogDirectory.Mode(
                    true, Buffering.DIRECT, VolatileCache.needsFlush(path), "as configured; tried with a write");
        } catch (IOException | UnsupportedOperationException e) {
            if (e instanceof IOException refused && Errno.isNoRoom(refused)) {
                // That says nothing about direct I/O, and a log must not lose it for a day on which its disk was full.
                throw refused;
            }
            Files.deleteIfExists(probe);
            return buffered(path, String.valueOf(e.getMessage()));
        }
    }

    private static FileLogDirectory.Mode buffered(Path path, String why) {
        return new FileLogDirectory.Mode(
                true,
                Buffering.BUFFERED,
                VolatileCache.needsFlush(path),
                "direct I/O was asked for, but the file system of " + path + " refuses: " + why);
    }

    static ByteBuffer alignedBuffer(int bytes) {
        var block = ChannelLogFile.DIRECT_BLOCK_BYTES;
        return ByteBuffer.allocateDirect(bytes + block).alignedSlice(block).slice(0, bytes);
    }
}
