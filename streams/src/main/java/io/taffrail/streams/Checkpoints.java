package io.taffrail.streams;

import io.taffrail.wal.io.LogDirectory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// The folder's checkpoints.
final class Checkpoints {
    private Checkpoints() {}

    /// In the order of their LSNs.
    static List<FileName.Checkpoint> names(LogDirectory directory) throws IOException {
        var names = new ArrayList<FileName.Checkpoint>();
        for (var file : directory.list()) {
            var name = FileName.Checkpoint.parse(file);
            if (name != null) {
                names.add(name);
            }
        }
        names.sort((one, other) -> Long.compareUnsigned(one.lsn(), other.lsn()));
        return names;
    }

    static void deleteTemporaries(LogDirectory directory) throws IOException {
        for (var file : directory.list()) {
            if (file.endsWith(FileName.TEMPORARY_SUFFIX)) {
                directory.delete(file);
            }
        }
    }
}
