package io.taffrail.streams;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/// The streams there are, by id and by name. An id is never used twice, a name may be. The loop writes, any
/// thread looks up.
final class StreamCatalog {
    private final ConcurrentHashMap<Long, Stream> byId = new ConcurrentHashMap<>();
    // Twice by name: a search tree is several times slower than a hash table, and each append looks a name up.
    private final ConcurrentHashMap<String, Stream> byName = new ConcurrentHashMap<>();
    private final ConcurrentNavigableMap<String, Stream> sorted = new ConcurrentSkipListMap<>();
    private long nextId = 1;

    @Nullable
    Stream get(String name) {
        return byName.get(name);
    }

    @Nullable
    Stream get(long id) {
        return byId.get(id);
    }

    /// For the loop, which applies what was decided about a stream that was there.
    Stream require(long id) {
        var stream = byId.get(id);
        if (stream == null) {
            throw new IllegalStateException("S1 the log speaks of stream " + id + ", which does not exist");
        }
        return stream;
    }

    int size() {
        return byName.size();
    }

    Collection<Stream> all() {
        return byId.values();
    }

    long nextId() {
        return nextId;
    }

    Stream create(StreamChange.Created created) {
        Checks.check(created.streamId() == nextId, "S1 stream ids count up", created.streamId(), nextId);
        nextId++;
        var stream = new Stream(created.streamId(), created.name(), created.config(), created.atMillis());
        add(stream);
        return stream;
    }

    void restore(Iterable<StreamImage> images, long restoredNextId) {
        for (var image : images) {
            add(new Stream(image));
        }
        nextId = restoredNextId;
    }

    private void add(Stream stream) {
        if (byName.putIfAbsent(stream.name, stream) != null) {
            throw new IllegalStateException("S1 stream " + stream.name + " is created though it exists");
        }
        sorted.put(stream.name, stream);
        byId.put(stream.id, stream);
    }

    void delete(Stream stream) {
        byName.remove(stream.name);
        sorted.remove(stream.name);
        byId.remove(stream.id);
    }

    /// In the order of names.
    Collection<Stream> after(String name) {
        return sorted.tailMap(name, false).values();
    }

    /// Those after `after` that start with `prefix`, in order.
    List<StreamView> list(String prefix, String after, int limit) {
        var views = new ArrayList<StreamView>();
        var fromPrefix = prefix.compareTo(after) > 0;
        for (var stream :
                sorted.tailMap(fromPrefix ? prefix : after, fromPrefix).values()) {
            if (views.size() >= limit || !stream.name.startsWith(prefix)) {
                break;
            }
            views.add(stream.view());
        }
        return views;
    }
}
