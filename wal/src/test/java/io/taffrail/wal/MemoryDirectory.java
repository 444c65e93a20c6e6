package io.taffrail.wal;

import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.LogFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Files as byte arrays, so that a test can take, damage and restore images by the thousand. What is written is
/// there; which writes a power loss may take is the test's to decide.
final class MemoryDirectory implements LogDirectory {
    /// The process dies at a change of the disk: that change and the ones after it do not happen.
    static final class Crash extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private final TreeMap<String, byte[]> files;
    private final TreeMap<String, MemoryDirectory> folders = new TreeMap<>();
    private final Budget budget;
    long freeBytes = Long.MAX_VALUE;
    long bytesRead;
    int mostOpenFiles;
    private int openFiles;
    /// What making a file fails with; null: nothing.
    @Nullable
    IOException createFailure;

    private static final class Budget {
        long changesLeft = Long.MAX_VALUE;

        void change() {
            if (changesLeft-- <= 0) {
                throw new Crash();
            }
        }
    }

    MemoryDirectory() {
        this(Map.of(), new Budget());
    }

    private MemoryDirectory(Map<String, byte[]> image, Budget budget) {
        this.files = new TreeMap<>();
        image.forEach((name, bytes) -> files.put(name, bytes.clone()));
        this.budget = budget;
    }

    static MemoryDirectory of(Map<String, byte[]> image) {
        return new MemoryDirectory(image, new Budget());
    }

    Map<String, byte[]> image() {
        var image = new TreeMap<String, byte[]>();
        files.forEach((name, bytes) -> image.put(name, bytes.clone()));
        return image;
    }

    void crashAfter(long changes) {
        budget.changesLeft = changes;
    }

    @Override
    public List<String> list() {
        return List.copyOf(files.keySet());
    }

    @Override
    public boolean exists(String name) {
        return files.containsKey(name);
    }

    @Override
    public LogFile create(String name, long lengthBytes) throws IOException {
        if (createFailure != null) {
            throw createFailure;
        }
        budget.change();
        if (files.putIfAbsent(name, new byte[Math.toIntExact(lengthBytes)]) != null) {
            throw new FileAlreadyExistsException(name);
        }
        return new MemoryFile(name);
    }

    @Override
    public LogFile open(String name) throws IOException {
        if (!files.containsKey(name)) {
            throw new NoSuchFileException(name);
        }
        return new MemoryFile(name);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        budget.change();
        files.put(to, content(from));
        files.remove(from);
    }

    @Override
    public void delete(String name) throws IOException {
        budget.change();
        content(name);
        files.remove(name);
    }

    @Override
    public void sync() {
        budget.change();
    }

    @Override
    public LogDirectory subdirectory(String name) {
        return folders.computeIfAbsent(name, _ -> new MemoryDirectory(Map.of(), budget));
    }

    @Override
    public long freeBytes() {
        return freeBytes;
    }

    @Override
    public long totalBytes() {
        return Long.MAX_VALUE;
    }

    @Override
    public void close() {}

    private byte[] content(String name) throws IOException {
        var content = files.get(name);
        if (content == null) {
            throw new NoSuchFileException(name);
        }
        return content;
    }

    private final class MemoryFile implements LogFile {
        private final String name;
        private boolean closed;

        MemoryFile(String name) {
            this.name = name;
            openFiles++;
            mostOpenFiles = Math.max(mostOpenFiles, openFiles);
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public long sizeBytes() throws IOException {
            return content(name).length;
        }

        @Override
        public int blockSizeBytes() {
            return 1;
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            var content = content(name);
            var count = (int) Math.min(target.remaining(), Math.max(0, content.length - position));
            if (count > 0) {
                target.put(content, (int) position, count);
                bytesRead += count;
            }
            return count;
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            budget.change();
            var content = content(name);
            var end = Math.toIntExact(position + source.remaining());
            if (end > content.length) {
                content = Arrays.copyOf(content, end);
                files.put(name, content);
            }
            source.duplicate().get(content, (int) position, source.remaining());
        }

        @Override
        public void force() {
            budget.change();
        }

        @Override
        public void close() {
            openFiles -= closed ? 0 : 1;
            closed = true;
        }
    }
}
