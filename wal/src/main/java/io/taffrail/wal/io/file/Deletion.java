package io.taffrail.wal.io.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;

/// Deletes a file in two steps: the caller renames it, which takes 50 µs, and another thread unlinks it, which
/// takes milliseconds for a segment (its blocks are freed, its cached pages thrown away) that the log's loop
/// would stand still for. What a crash leaves between the two is removed when the folder is opened again.
final class Deletion {
    private static final String PREFIX = ".deleted-";

    private final Executor background;
    private final AtomicLong count = new AtomicLong();

    Deletion(Executor background) {
        this.background = background;
    }

    static boolean isDeleted(String name) {
        return name.startsWith(PREFIX);
    }

    void delete(Path file) throws IOException {
        // A number, because a file of the same name may be made and deleted before this one is gone.
        var doomed = file.resolveSibling(PREFIX + count.incrementAndGet() + "-" + file.getFileName());
        Files.move(file, doomed);
        try {
            background.execute(() -> unlink(doomed));
        } catch (RejectedExecutionException e) {
            unlink(doomed);
        }
    }

    private static void unlink(Path doomed) {
        try {
            Files.deleteIfExists(doomed);
        } catch (IOException e) {
            // It is out of the way, and nobody waits for its space by name: the next opening tries again.
        }
    }

    /// Removes what an earlier process left.
    void finish(Path folder) throws IOException {
        List<Path> left;
        try (var entries = Files.list(folder)) {
            left = entries.filter(entry -> isDeleted(entry.getFileName().toString()))
                    .toList();
        }
        for (var doomed : left) {
            Files.deleteIfExists(doomed);
        }
    }
}
