package io.taffrail.wal.io.libc;

import io.taffrail.wal.io.KernelRefusedException;
import io.taffrail.wal.io.LogFile;
import io.taffrail.wal.io.file.Buffering;
import io.taffrail.wal.io.file.ChannelLogFile;
import java.util.IdentityHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.IntPredicate;

/// Descriptors of one I/O method's own for files that Java opened, because Java hides its descriptors. A file
/// is opened by its path at its first request and closed some time after the [LogFile] was, when the owner says
/// that its number is on no way to the kernel: freed earlier, it could name another file when it gets there.
public final class NativeFiles implements AutoCloseable {
    private final int extraFlags;
    private final Executor background;
    private final IdentityHashMap<LogFile, Integer> descriptors = new IdentityHashMap<>();
    private final ConcurrentLinkedQueue<LogFile> closedFiles = new ConcurrentLinkedQueue<>();

    /// `extraFlags` are added to those of `open(2)` that the file's own opening implies. `background` closes
    /// descriptors: the last one of a deleted file frees its blocks, which takes milliseconds.
    public NativeFiles(int extraFlags, Executor background) {
        this.extraFlags = extraFlags;
        this.background = background;
    }

    /// The owner. Throws if the file is closed or the kernel does not open it again.
    public int descriptor(LogFile file) throws KernelRefusedException {
        var known = descriptors.get(file);
        if (known != null && file instanceof ChannelLogFile channelFile && channelFile.isOpen()) {
            return known;
        }
        return open(file);
    }

    private int open(LogFile file) throws KernelRefusedException {
        if (!(file instanceof ChannelLogFile channelFile)) {
            throw new IllegalArgumentException("not a file of a FileLogDirectory: " + file);
        }
        // Asked to tell of its closing before it is opened, or a closing in between would go unnoticed.
        if (!channelFile.onClose(() -> closedFiles.add(file))) {
            throw new KernelRefusedException(file.toString(), 9, "the file is closed");
        }
        var access = channelFile.writable() ? LibC.O_RDWR : LibC.O_RDONLY;
        var direct = channelFile.buffering() == Buffering.DIRECT ? LibC.O_DIRECT : 0;
        var descriptor = LibC.open(channelFile.path(), access | direct | extraFlags);
        descriptors.put(file, descriptor);
        return descriptor;
    }

    /// The owner: frees the descriptors of files that were closed, but for those that the kernel has still to
    /// look up for a request in flight; their turn is the next sweep.
    public void sweep(IntPredicate inUse) {
        for (var left = closedFiles.isEmpty() ? 0 : descriptors.size(); left > 0; left--) {
            var file = closedFiles.poll();
            if (file == null) {
                return;
            }
            var descriptor = descriptors.get(file);
            if (descriptor == null) {
                continue;
            }
            if (inUse.test(descriptor)) {
                closedFiles.add(file);
            } else {
                descriptors.remove(file);
                close(descriptor);
            }
        }
    }

    private void close(int descriptor) {
        try {
            background.execute(() -> LibC.close(descriptor));
        } catch (RejectedExecutionException e) {
            LibC.close(descriptor);
        }
    }

    @Override
    public void close() {
        descriptors.values().forEach(LibC::close);
        descriptors.clear();
    }
}
