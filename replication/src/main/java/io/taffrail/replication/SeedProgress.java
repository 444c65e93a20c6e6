package io.taffrail.replication;

import io.taffrail.wal.io.LogDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// How much of a seed's files is on this disk, so that a process that starts again need not fetch it again.
/// Files of one name are the same only while one leader leads: what was taken from another, or in another
/// epoch, is of no use.
///
/// Text in one file that is replaced as a whole: the leader's storage and epoch, then a file a line, with its
/// size and how much of it has been flushed. What cannot be read as that is no progress.
final class SeedProgress {
    static final String FILE = "seed.progress";
    /// Of the copies, until they are put in place.
    static final String COPY_SUFFIX = ".seed";

    private static final String TEMPORARY = FILE + WholeFile.TEMPORARY_SUFFIX;
    /// A file of these is written in the time of one chunk.
    private static final int MAX_BYTES = 1 << 20;

    private final LogDirectory folder;
    private final @Nullable UUID leaderStorage;
    private final long epoch;
    private final Map<String, Copied> copied = new LinkedHashMap<>();

    /// @param flushedBytes from the file's beginning
    record Copied(long sizeBytes, long flushedBytes) {}

    /// `leaderStorage` null: nobody knows it, and nothing of before counts.
    static SeedProgress open(LogDirectory folder, @Nullable UUID leaderStorage, long epoch) throws IOException {
        var progress = new SeedProgress(folder, leaderStorage, epoch);
        if (folder.exists(FILE)) {
            progress.read();
        }
        return progress;
    }

    private SeedProgress(LogDirectory folder, @Nullable UUID leaderStorage, long epoch) {
        this.folder = folder;
        this.leaderStorage = leaderStorage;
        this.epoch = epoch;
    }

    private String key() {
        return leaderStorage + " " + epoch;
    }

    private void read() throws IOException {
        var text = StandardCharsets.UTF_8
                .decode(WholeFile.read(folder, FILE, MAX_BYTES))
                .toString();
        var lines = text.split("\n", -1);
        if (leaderStorage == null || !lines[0].equals(key())) {
            return;
        }
        for (var line : lines) {
            var words = line.split(" ", -1);
            if (words.length == 3 && words[1].matches("\\d{1,18}") && words[2].matches("\\d{1,18}")) {
                copied.put(words[0], new Copied(Long.parseLong(words[1]), Long.parseLong(words[2])));
            }
        }
    }

    /// 0: nothing of that file is here.
    long flushedBytes(String name, long sizeBytes) throws IOException {
        var known = copied.get(name);
        return known != null && known.sizeBytes() == sizeBytes && folder.exists(name + COPY_SUFFIX)
                ? Math.min(known.flushedBytes(), sizeBytes)
                : 0;
    }

    /// So much has been flushed of the file. Blocks.
    void flushed(String name, long sizeBytes, long bytes) throws IOException {
        copied.put(name, new Copied(sizeBytes, bytes));
        var text = new StringBuilder(key()).append('\n');
        copied.forEach((file, state) -> text.append(file)
                .append(' ')
                .append(state.sizeBytes())
                .append(' ')
                .append(state.flushedBytes())
                .append('\n'));
        var encoded = text.toString().getBytes(StandardCharsets.UTF_8);
        if (encoded.length > MAX_BYTES) {
            // So many files that the list is not worth its writing; then a restart begins again.
            return;
        }
        WholeFile.replace(folder, FILE, ByteBuffer.wrap(encoded), (byte) '\n');
    }

    /// Deletes whatever no seed needs any more; `kept` are names of files whose copies it does.
    static void clear(LogDirectory folder, Set<String> kept) throws IOException {
        for (var name : folder.list()) {
            var copy = name.endsWith(COPY_SUFFIX)
                    && !kept.contains(name.substring(0, name.length() - COPY_SUFFIX.length()));
            if (copy || (kept.isEmpty() && (name.equals(FILE) || name.equals(TEMPORARY)))) {
                folder.delete(name);
            }
        }
    }
}
