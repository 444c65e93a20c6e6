package io.taffrail.streams;

import io.taffrail.wal.io.LogDirectory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/// Makes one index file of neighbouring ones, so that the number of files, and with it the memory for each
/// stream's runs, grows with the logarithm of the log.
final class IndexMerge {
    /// A file is not merged any further when it holds this much: 160 MB that one job would write.
    static final int MAX_ENTRIES = 4_000_000;

    private IndexMerge() {}

    /// The newest `fan` neighbours that are of one level, small enough and none of them `damaged`; otherwise none.
    static List<IndexFile> choose(List<IndexFile> files, Set<IndexFile> damaged, int fan) {
        // Of all levels, since the last merge may have completed a group of the next level.
        for (var end = files.size(); end >= fan; end--) {
            var group = files.subList(end - fan, end);
            var level = group.getFirst().name().level();
            var entries = group.stream().mapToLong(IndexFile::entryCount).sum();
            var readable = Collections.disjoint(group, damaged);
            if (readable && group.stream().allMatch(file -> file.name().level() == level) && entries <= MAX_ENTRIES) {
                return List.copyOf(group);
            }
        }
        return List.of();
    }

    /// The merged file's.
    static FileName.Index name(List<IndexFile> files) {
        return new FileName.Index(
                files.getFirst().name().fromLsn(),
                files.getLast().name().toLsn(),
                files.getFirst().name().level() + 1);
    }

    /// Writes the merged file, without what was trimmed or deleted since.
    static void write(LogDirectory directory, List<IndexFile> files, StateImage image, CheckpointJob job)
            throws IOException {
        var runs = new TreeMap<Long, List<IndexRun>>();
        for (var file : files) {
            for (var item : file.directory()) {
                var stream = image.streams.get(item.streamId());
                if (stream != null && item.run().endOffset() > stream.startOffset()) {
                    runs.computeIfAbsent(item.streamId(), id -> new ArrayList<>())
                            .add(item.run());
                }
            }
        }
        var words = new long[IndexedBatch.WORDS];
        try (var out = new IndexFileWriter(directory, name(files), job)) {
            for (var stream : runs.entrySet()) {
                for (var run : stream.getValue()) {
                    var entries = run.file().entries(run);
                    while (entries.hasRemaining()) {
                        for (var i = 0; i < words.length; i++) {
                            words[i] = entries.getLong();
                        }
                        out.add(words, 0);
                    }
                }
                out.endRun(stream.getKey());
            }
            out.finish();
        }
    }
}
