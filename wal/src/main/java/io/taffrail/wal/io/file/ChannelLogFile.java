package io.taffrail.wal.io.file;

import io.taffrail.wal.io.FlushFailedException;
import io.taffrail.wal.io.LogFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A file of a [FileLogDirectory], read and written through `java.nio`. A thread that is in a call here must
/// not be interrupted: `java.nio` answers that by closing the channel.
public final class ChannelLogFile implements LogFile {
    /// What every device that is sold today can write in one piece (logical sectors are 512 or 4096 bytes).
    public static final int DIRECT_BLOCK_BYTES = 4096;

    private static final int ALLOCATION_STEP_BYTES = 1 << 20;

    private final FileLogDirectory directory;
    private final FileLogDirectory.Mode mode;
    private final FileChannel channel;
    private volatile String name;
    private @Nullable FileChannel durableChannel;
    private @Nullable FileChannel bufferedChannel;
    private final List<Runnable> closeActions = new ArrayList<>();

    private ChannelLogFile(FileLogDirectory directory, String name, FileLogDirectory.Mode mode, OpenOption... more)
            throws IOException {
        this.directory = directory;
        this.mode = mode;
        this.name = name;
        this.channel = FileChannel.open(directory.resolve(name), options(mode, more));
    }

    static ChannelLogFile create(FileLogDirectory directory, String name, FileLogDirectory.Mode mode)
            throws IOException {
        return new ChannelLogFile(directory, name, mode, StandardOpenOption.CREATE_NEW);
    }

    static ChannelLogFile open(FileLogDirectory directory, String name, FileLogDirectory.Mode mode) throws IOException {
        return new ChannelLogFile(directory, name, mode);
    }

    private static Set<OpenOption> options(FileLogDirectory.Mode mode, OpenOption... more) {
        var options = new HashSet<OpenOption>(Set.of(more));
        options.add(StandardOpenOption.READ);
        if (mode.writable()) {
            options.add(StandardOpenOption.WRITE);
        }
        if (mode.buffering() == Buffering.DIRECT) {
            options.add(DirectOption.O_DIRECT);
        }
        return options;
    }

    // Zeros are written, not only reserved: the first write into a reserved extent changes the file's
    // metadata, and every flush would then wait for the file system's journal as well.
    void allocate(long lengthBytes) throws IOException {
        if (lengthBytes == 0) {
            return;
        }
        var zeros = DirectProbe.alignedBuffer((int) Math.min(ALLOCATION_STEP_BYTES, roundUpToBlock(lengthBytes)));
        for (var position = 0L; position < lengthBytes; ) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), roundUpToBlock(lengthBytes - position)));
            position += channel.write(zeros, position);
        }
        channel.truncate(lengthBytes);
        channel.force(true);
    }

    private static long roundUpToBlock(long bytes) {
        return (bytes + DIRECT_BLOCK_BYTES - 1) / DIRECT_BLOCK_BYTES * DIRECT_BLOCK_BYTES;
    }

    @Override
    public String name() {
        return name;
    }

    /// Where the file is now. An I/O method that opens it again by this path does so before the owner's next
    /// call of [FileLogDirectory#rename] or [FileLogDirectory#delete].
    public Path path() {
        return directory.resolve(name);
    }

    public boolean writable() {
        return mode.writable();
    }

    public Buffering buffering() {
        return mode.buffering();
    }

    /// Whether a durable write takes a flush of the device, as far as this system tells.
    public boolean needsDeviceFlush() {
        return mode.flushed();
    }

    public boolean isOpen() {
        return channel.isOpen();
    }

    /// Runs the action when the file is closed, on the thread that closes it. False: it is closed already.
    public synchronized boolean onClose(Runnable action) {
        return channel.isOpen() && closeActions.add(action);
    }

    void renamed(String from, String to) {
        if (name.equals(from)) {
            name = to;
        }
    }

    public FileChannel channel() {
        return channel;
    }

    /// The file opened a second time with O_DSYNC: on a device with FUA a durable write is then one command
    /// instead of a write and a cache flush. Opened at the first use. Any thread.
    public synchronized FileChannel durableChannel() throws IOException {
        // Without this a file that was closed would be opened again by its path.
        if (!channel.isOpen()) {
            throw new ClosedChannelException();
        }
        if (durableChannel == null) {
            durableChannel = FileChannel.open(path(), options(mode, StandardOpenOption.DSYNC));
        }
        return durableChannel;
    }

    @Override
    public long sizeBytes() throws IOException {
        return channel.size();
    }

    @Override
    public int blockSizeBytes() {
        return mode.buffering() == Buffering.DIRECT ? DIRECT_BLOCK_BYTES : 1;
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
        if (mode.buffering() == Buffering.DIRECT) {
            return DirectRead.read(channel, target, position);
        }
        var start = target.position();
        while (target.hasRemaining()) {
            if (channel.read(target, position + target.position() - start) < 0) {
                break;
            }
        }
        return target.position() - start;
    }

    // Writes of any length and position cannot be direct. A file that is written here is not written through
    // an IoMethod, so pages of it in the cache and direct writes do not meet (see DirectRead).
    private synchronized FileChannel bufferedChannel() throws IOException {
        if (mode.buffering() == Buffering.BUFFERED || !channel.isOpen()) {
            return channel;
        }
        if (bufferedChannel == null) {
            bufferedChannel = FileChannel.open(path(), StandardOpenOption.WRITE);
        }
        return bufferedChannel;
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
        var target = bufferedChannel();
        for (var next = position; source.hasRemaining(); ) {
            next += target.write(source, next);
        }
    }

    @Override
    public void force() throws IOException {
        var flushed = bufferedChannel();
        try {
            flushed.force(true);
        } catch (IOException e) {
            throw new FlushFailedException(name + ": " + e.getMessage(), e);
        }
    }

    @Override
    public synchronized void close() throws IOException {
        directory.closed(this);
        channel.close();
        if (durableChannel != null) {
            durableChannel.close();
        }
        if (bufferedChannel != null) {
            bufferedChannel.close();
        }
        closeActions.forEach(Runnable::run);
        closeActions.clear();
    }

    @Override
    public String toString() {
        return path().toString();
    }
}
