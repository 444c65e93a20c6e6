package io.taffrail.wal.io.file;

import io.taffrail.wal.io.DirectoryUnusableException;
import io.taffrail.wal.io.Errno;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.LogFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// A folder of a mounted file system. The process that writes to it holds a lock on the file `lock` in it, so
/// that two pods that mount one volume cannot both append; a reader for inspection takes no lock and may see
/// a log in motion.
public final class FileLogDirectory implements LogDirectory {
    private final Path path;
    private final Mode mode;
    private final Deletion deletion;
    private final @Nullable DirectoryLock lock;
    // A file's path changes when it is renamed; the I/O methods that open descriptors of their own ask for it.
    private final Set<ChannelLogFile> openFiles = ConcurrentHashMap.newKeySet();

    /// `flushed`: a durable write takes a flush of the device ([VolatileCache]).
    record Mode(boolean writable, Buffering buffering, boolean flushed, String reason) {}

    private FileLogDirectory(Path path, Mode mode, Deletion deletion, @Nullable DirectoryLock lock) {
        this.path = path;
        this.mode = mode;
        this.deletion = deletion;
        this.lock = lock;
    }

    /// The same, with deletions carried out by the caller's thread.
    public static FileLogDirectory open(Path path, Buffering wanted) throws IOException {
        return open(path, wanted, Runnable::run);
    }

    /// Makes the folder if need be and locks it. Throws [DirectoryUnusableException] if another process, or
    /// another directory object of this one, has it. Where the file system refuses direct I/O the directory
    /// is buffered and [#bufferingReason] says why. `background` frees the space of deleted files.
    public static FileLogDirectory open(Path path, Buffering wanted, Executor background) throws IOException {
        try {
            Files.createDirectories(path);
        } catch (IOException e) {
            if (Errno.isNoRoom(e)) {
                throw e;
            }
            throw new DirectoryUnusableException("cannot make the log directory " + path + ": " + e, e);
        }
        var lock = DirectoryLock.acquire(path);
        try {
            var deletion = new Deletion(background);
            deletion.finish(path);
            return new FileLogDirectory(path, DirectProbe.choose(path, wanted), deletion, lock);
        } catch (IOException e) {
            lock.close();
            throw e;
        }
    }

    /// For offline inspection: no lock, and every call that would change something throws.
    public static FileLogDirectory openReadOnly(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            throw new DirectoryUnusableException(path + " is not a directory");
        }
        return new FileLogDirectory(
                path,
                new Mode(false, Buffering.BUFFERED, false, "opened for reading alone"),
                new Deletion(Runnable::run),
                null);
    }

    public Path path() {
        return path;
    }

    public Buffering buffering() {
        return mode.buffering();
    }

    /// Why [#buffering] is what it is, for a log line.
    public String bufferingReason() {
        return mode.reason();
    }

    @Override
    public List<String> list() throws IOException {
        try (var entries = Files.list(path)) {
            return entries.filter(Files::isRegularFile)
                    .map(entry -> entry.getFileName().toString())
                    .filter(name -> !isOwn(name))
                    .sorted()
                    .toList();
        }
    }

    private static boolean isOwn(String name) {
        return name.equals(DirectoryLock.FILE_NAME) || name.equals(DirectProbe.FILE_NAME) || Deletion.isDeleted(name);
    }

    @Override
    public boolean exists(String name) {
        return Files.exists(resolve(name));
    }

    @Override
    public LogFile create(String name, long lengthBytes) throws IOException {
        checkWritable("create", name);
        var file = ChannelLogFile.create(this, name, mode);
        try {
            file.allocate(lengthBytes);
        } catch (IOException e) {
            // A file of half its length would be taken for a segment by whoever lists the directory next.
            file.close();
            Files.deleteIfExists(resolve(name));
            throw e;
        }
        openFiles.add(file);
        return file;
    }

    @Override
    public LogFile open(String name) throws IOException {
        var file = ChannelLogFile.open(this, name, mode);
        openFiles.add(file);
        return file;
    }

    void closed(ChannelLogFile file) {
        openFiles.remove(file);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        checkWritable("rename", from);
        Files.move(resolve(from), resolve(to), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        for (var file : openFiles) {
            file.renamed(from, to);
        }
    }

    @Override
    public void delete(String name) throws IOException {
        checkWritable("delete", name);
        deletion.delete(resolve(name));
    }

    @Override
    public void sync() throws IOException {
        checkWritable("sync", "");
        try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /// Makes the folder if it is not there. It is covered by this directory's lock; closing it does nothing.
    @Override
    public LogDirectory subdirectory(String name) throws IOException {
        var child = resolve(name);
        if (mode.writable() && !Files.isDirectory(child)) {
            Files.createDirectories(child);
            // What is flushed in it is not there after a power loss if the folder is not.
            sync();
        } else if (mode.writable()) {
            deletion.finish(child);
        }
        return new FileLogDirectory(child, mode, deletion, null);
    }

    @Override
    public long freeBytes() throws IOException {
        return Files.getFileStore(path).getUsableSpace();
    }

    @Override
    public long totalBytes() throws IOException {
        return Files.getFileStore(path).getTotalSpace();
    }

    @Override
    public void close() throws IOException {
        if (lock != null) {
            lock.close();
        }
    }

    Path resolve(String name) {
        if (name.isEmpty() || name.indexOf('/') >= 0 || name.equals(DirectoryLock.FILE_NAME) || name.startsWith(".")) {
            throw new IllegalArgumentException("not the name of a log file: '" + name + "'");
        }
        return path.resolve(name);
    }

    private void checkWritable(String operation, String name) throws IOException {
        if (!mode.writable()) {
            throw new IOException(operation + " " + name + ": " + path + " was opened for reading alone");
        }
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
