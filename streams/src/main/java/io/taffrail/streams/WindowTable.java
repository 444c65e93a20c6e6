package io.taffrail.streams;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The windows of the producers that append to one stream, by producer id. The loop writes, any thread looks
/// up. Most streams have few or none, so the table is made when it is needed.
final class WindowTable {
    private volatile @Nullable ConcurrentHashMap<Long, SequenceWindow> windows;

    // Of the loop: a stream's next batch is most often its last producer's.
    private long recentId;

    private @Nullable SequenceWindow recent;

    /// Loop thread.
    @Nullable
    SequenceWindow find(long producerId) {
        if (producerId != recentId) {
            recent = get(producerId);
            recentId = producerId;
        }
        return recent;
    }

    /// Any thread.
    @Nullable
    SequenceWindow get(long producerId) {
        var known = windows;
        return known == null ? null : known.get(producerId);
    }

    void put(long producerId, SequenceWindow window) {
        var known = windows;
        if (known == null) {
            known = new ConcurrentHashMap<>(2);
            windows = known;
        }
        known.put(producerId, window);
        recentId = producerId;
        recent = window;
    }

    void remove(long producerId) {
        var known = windows;
        if (known != null) {
            known.remove(producerId);
            recentId = 0;
            recent = null;
        }
    }

    int size() {
        var known = windows;
        return known == null ? 0 : known.size();
    }

    List<Long> sortedProducerIds() {
        var known = windows;
        if (known == null) {
            return List.of();
        }
        var ids = new ArrayList<>(known.keySet());
        Collections.sort(ids);
        return ids;
    }

    List<StreamImage.Window> image() {
        var images = new ArrayList<StreamImage.Window>();
        for (var id : sortedProducerIds()) {
            var window = get(id);
            if (window != null) {
                images.add(new StreamImage.Window(id, window.image()));
            }
        }
        return images;
    }
}
