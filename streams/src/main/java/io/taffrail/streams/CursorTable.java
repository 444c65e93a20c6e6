package io.taffrail.streams;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/// The cursors of one stream. The loop writes, any thread reads.
final class CursorTable {
    /// @param offset the next one to read
    record Position(long offset, long committedMillis) {}

    record Named(String name, Position position) {}

    // Of the loop: most checkpoints find a stream with new batches and the cursors of the last time.
    private @Nullable List<Named> image = List.of();

    private volatile @Nullable ConcurrentNavigableMap<String, Position> positions;

    @Nullable
    Position get(String cursor) {
        var known = positions;
        return known == null ? null : known.get(cursor);
    }

    int size() {
        var known = positions;
        return known == null ? 0 : known.size();
    }

    List<CursorView> views(String stream) {
        var known = positions;
        if (known == null) {
            return List.of();
        }
        var views = new ArrayList<CursorView>();
        known.forEach((name, position) ->
                views.add(new CursorView(stream, name, position.offset(), position.committedMillis())));
        return views;
    }

    void commit(String cursor, long offset, long atMillis) {
        var known = positions;
        if (known == null) {
            known = new ConcurrentSkipListMap<>();
            positions = known;
        }
        image = null;
        known.put(cursor, new Position(offset, atMillis));
    }

    void delete(String cursor) {
        image = null;
        var known = positions;
        var removed = known == null ? null : known.remove(cursor);
        if (removed == null) {
            throw new IllegalStateException("S1 the cursor that is deleted does not exist: " + cursor);
        }
    }

    List<Named> image() {
        var current = image;
        if (current == null) {
            current = new ArrayList<>();
            var known = positions;
            if (known != null) {
                for (var entry : known.entrySet()) {
                    current.add(new Named(entry.getKey(), entry.getValue()));
                }
            }
            image = current;
        }
        return current;
    }

    void restore(List<Named> restored) {
        for (var cursor : restored) {
            commit(cursor.name(), cursor.position().offset(), cursor.position().committedMillis());
        }
        image = restored;
    }
}
