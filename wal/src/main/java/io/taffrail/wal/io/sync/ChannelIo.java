package io.taffrail.wal.io.sync;

import io.taffrail.wal.io.Errno;
import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.io.IoResult;
import io.taffrail.wal.io.LogFile;
import io.taffrail.wal.io.file.ChannelLogFile;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;

/// Runs one request through `java.nio` and waits for it; the calling thread is any thread. `java.nio` retries
/// EINTR itself.
public final class ChannelIo {
    private ChannelIo() {}

    public static IoResult run(IoRequest request) {
        try {
            return switch (request) {
                case IoRequest.Read read -> read(read);
                case IoRequest.Write write -> write(write);
                case IoRequest.Sync sync -> sync(sync);
            };
        } catch (ClosedChannelException e) {
            return new IoResult.Failed(Errno.EBADF.number(), request.describe() + ": the file is closed");
        } catch (NonWritableChannelException e) {
            return new IoResult.Failed(
                    Errno.EBADF.number(), request.describe() + ": the file was opened for reading alone");
        } catch (NonReadableChannelException e) {
            return new IoResult.Failed(
                    Errno.EBADF.number(), request.describe() + ": the file was opened for writing alone");
        } catch (IOException e) {
            var errno = Errno.of(e);
            var cause = errno == 0 ? String.valueOf(e.getMessage()) : Errno.describe(errno);
            return new IoResult.Failed(errno, request.describe() + ": " + cause);
        } catch (RuntimeException e) {
            // A negative position, a buffer that may not be written: the owner's mistake, and it too belongs to
            // this request alone.
            return new IoResult.Failed(Errno.EINVAL.number(), request.describe() + ": " + e);
        }
    }

    // Duplicates: java.nio moves a buffer's position, and several writes in flight may share one buffer.
    private static IoResult read(IoRequest.Read read) throws IOException {
        return new IoResult.Done(channelFile(read.file()).read(read.target().duplicate(), read.position()));
    }

    private static IoResult write(IoRequest.Write write) throws IOException {
        var file = channelFile(write.file());
        var channel = write.durable() && file.writable() ? file.durableChannel() : file.channel();
        var source = write.source().duplicate();
        var bytes = 0;
        while (source.hasRemaining()) {
            bytes += channel.write(source, write.position() + bytes);
        }
        return new IoResult.Done(bytes);
    }

    private static IoResult sync(IoRequest.Sync sync) throws IOException {
        channelFile(sync.file()).channel().force(false);
        return new IoResult.Done(0);
    }

    private static ChannelLogFile channelFile(LogFile file) {
        if (file instanceof ChannelLogFile channelFile) {
            return channelFile;
        }
        throw new IllegalArgumentException("not a file of a FileLogDirectory: " + file);
    }
}
