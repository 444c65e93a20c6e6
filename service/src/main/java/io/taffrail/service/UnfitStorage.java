package io.taffrail.service;

import io.taffrail.wal.io.file.FileSystemKind;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Whether the data directory can keep a log at all.
final class UnfitStorage {
    private UnfitStorage() {}

    /// What is wrong with the folder's file system, or null. One that cannot be asked is left for the log to find out.
    static @Nullable String of(Path folder) {
        try {
            var kind = FileSystemKind.of(folder);
            var unfit = kind.unfit();
            return unfit == null ? null : folder + " is on " + kind.name() + ": " + unfit;
        } catch (IOException unknown) {
            return null;
        }
    }
}
