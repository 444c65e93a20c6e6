package io.taffrail.streams;

import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.LogFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/// A folder in memory whose bytes a test can reach. Thread-safe.
final class MemoryDirectory implements LogDirectory {
    static final class Content {
        byte[] bytes = new byte[0];
    }

    /// Hears of a call before it takes effect, without the folder's lock, and may refuse it.
    interface Interception {
        void before(Call call, String name) throws IOException;
    }

    enum Call {
        READ,
        WRITE,
        DELETE
    }

    final Map<String, Content> files = new TreeMap<>();
    Interception interception = (_, _) -> {};
    int openFiles;
    boolean failing;

    @Override
    public synchronized List<String> list() {
        return List.copyOf(files.keySet());
    }

    @Override
    public synchronized boolean exists(String name) {
        return files.containsKey(name);
    }

    @Override
    public synchronized LogFile create(String name, long lengthBytes) throws IOException {
        if (files.containsKey(name)) {
            throw new IOException(name + " exists");
        }
        var content = new Content();
        content.bytes = new byte[(int) lengthBytes];
        files.put(name, content);
        return new MemoryFile(name, content);
    }

    @Override
    public synchronized LogFile open(String name) throws IOException {
        return new MemoryFile(name, content(name));
    }

    @Override
    public synchronized void rename(String from, String to) throws IOException {
        var content = content(from);
        files.remove(from);
        files.put(to, content);
    }

    @Override
    public void delete(String name) throws IOException {
        interception.before(Call.DELETE, name);
        synchronized (this) {
            content(name);
            files.remove(name);
        }
    }

    @Override
    public void sync() {}

    @Override
    public LogDirectory subdirectory(String name) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long freeBytes() {
        return Long.MAX_VALUE;
    }

    @Override
    public long totalBytes() {
        return Long.MAX_VALUE;
    }

    @Override
    public void close() {}

    /// As after a restart of the process: the files and nothing else.
    synchronized MemoryDirectory copy() {
        var copy = new MemoryDirectory();
        files.forEach((name, content) -> {
            var cloned = new Content();
            cloned.bytes = content.bytes.clone();
            copy.files.put(name, cloned);
        });
        return copy;
    }

    /// Of a file that is there.
    synchronized Content file(String name) {
        return Objects.requireNonNull(files.get(name), name);
    }

    private Content content(String name) throws IOException {
        var content = files.get(name);
        if (content == null) {
            throw new IOException(name + " does not exist");
        }
        return content;
    }

    private final class MemoryFile implements LogFile {
        private final String name;
        private final Content content;
        private boolean closed;

        MemoryFile(String name, Content content) {
            this.name = name;
            this.content = content;
            openFiles++;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public long sizeBytes() {
            synchronized (MemoryDirectory.this) {
                return content.bytes.length;
            }
        }

        @Override
        public int blockSizeBytes() {
            return 1;
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            interception.before(Call.READ, name);
            synchronized (MemoryDirectory.this) {
                ensureOpen();
                var count = Math.clamp(content.bytes.length - position, 0, target.remaining());
                target.put(content.bytes, (int) position, count);
                return count;
            }
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            interception.before(Call.WRITE, name);
            synchronized (MemoryDirectory.this) {
                ensureOpen();
                if (failing) {
                    throw new IOException("write " + name + ": no space left on device");
                }
                var end = (int) position + source.remaining();
                if (end > content.bytes.length) {
                    content.bytes = Arrays.copyOf(content.bytes, end);
                }
                source.get(content.bytes, (int) position, source.remaining());
            }
        }

        @Override
        public void force() throws IOException {
            ensureOpen();
        }

        @Override
        public void close() {
            synchronized (MemoryDirectory.this) {
                if (!closed) {
                    openFiles--;
                }
                closed = true;
            }
        }

        private void ensureOpen() throws IOException {
            if (closed) {
                throw new IOException(name + " is closed");
            }
        }
    }
}
