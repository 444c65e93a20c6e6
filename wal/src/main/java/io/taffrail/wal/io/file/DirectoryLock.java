package io.taffrail.wal.io.file;

import io.taffrail.wal.io.DirectoryUnusableException;
import io.taffrail.wal.io.Errno;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The right to write to a folder: one owner on the machine, or on the volume where its file system carries
/// locks between machines. The kernel takes the lock back when the process ends, however it ends.
final class DirectoryLock implements AutoCloseable {
    static final String FILE_NAME = "lock";

    // POSIX drops a process's lock when the process closes *any* descriptor of the file. So whether this
    // process has the lock must be known before the file is opened a second time.
    private static final Set<Object> HELD = ConcurrentHashMap.newKeySet();

    private final Object key;
    private final FileChannel channel;

    private DirectoryLock(Object key, FileChannel channel) {
        this.key = key;
        this.channel = channel;
    }

    /// Throws [DirectoryUnusableException] if someone has it.
    static DirectoryLock acquire(Path folder) throws IOException {
        var key = key(folder);
        if (!HELD.add(key)) {
            throw new DirectoryUnusableException(folder + " is already open in this process");
        }
        try {
            return new DirectoryLock(key, lock(folder));
        } catch (IOException e) {
            HELD.remove(key);
            throw e;
        }
    }

    // Device and inode, where the file system has them: two paths may lead to one folder.
    private static Object key(Path folder) throws IOException {
        var key = Files.readAttributes(folder, BasicFileAttributes.class).fileKey();
        return key != null ? key : folder.toRealPath();
    }

    private static FileChannel lock(Path folder) throws IOException {
        FileChannel channel;
        try {
            channel = FileChannel.open(folder.resolve(FILE_NAME), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (IOException e) {
            if (Errno.isNoRoom(e)) {
                throw e;
            }
            throw new DirectoryUnusableException(
                    "cannot write to " + folder + ": " + e + "; the process's user must own it (fsGroup in a pod)", e);
        }
        try {
            if (channel.tryLock() != null) {
                return channel;
            }
        } catch (IOException e) {
            channel.close();
            throw new DirectoryUnusableException("cannot lock " + folder.resolve(FILE_NAME) + ": " + e, e);
        }
        channel.close();
        throw new DirectoryUnusableException(
                folder + " is locked by another process; stop it, or give this one a directory of its own");
    }

    @Override
    public void close() throws IOException {
        if (channel.isOpen()) {
            channel.close();
            HELD.remove(key);
        }
    }
}
