package io.taffrail.streams;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Lets streams find in a new index file what they held in memory. Until a stream's turn comes it finds its
/// batches where they were, so the order does not matter to readers.
final class Absorption {
    private final Snapshot snapshot;
    private final CheckpointJob.Outcome.Written written;
    private final Map<Long, IndexRun> runs = new HashMap<>();
    private final Set<IndexFile> mergedFrom;
    private int tail;
    private int merged;

    Absorption(Snapshot snapshot, CheckpointJob.Outcome.Written written) {
        this.snapshot = snapshot;
        this.written = written;
        for (var item : written.file()) {
            runs.put(item.streamId(), item.run());
        }
        this.mergedFrom = new HashSet<>(written.mergedFrom());
    }

    /// At most `limit` streams; true: all are done.
    boolean advance(LogState state, int limit) {
        var room = limit;
        // New runs before merged ones: the new file may itself be one of those that were merged.
        for (; tail < snapshot.tails().size() && room > 0; tail++, room--) {
            var moved = snapshot.tails().get(tail);
            @Nullable IndexRun run = runs.get(moved.stream().id);
            moved.stream().moved(moved.count(), run);
            state.indexed(moved.stream(), moved.count());
        }
        for (; merged < written.merged().size() && room > 0; merged++, room--) {
            var item = written.merged().get(merged);
            var stream = state.catalog().get(item.streamId());
            if (stream != null) {
                stream.merged(mergedFrom, item.run());
            }
        }
        return tail == snapshot.tails().size() && merged == written.merged().size();
    }
}
