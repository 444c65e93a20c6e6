package io.taffrail.streams;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The producers that are registered, by id and, where they have one, by name. An id is never used twice.
/// The loop writes, any thread looks up.
final class ProducerTable {
    /// Newest registrations whose answer can still be asked for: far more than commands that wait at one time.
    private static final int REMEMBERED_REGISTRATIONS = 65_536;

    private final ConcurrentHashMap<Long, Producer> byId = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<String, Producer> byName = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Long, StreamStore.ProducerView> registrations = new ConcurrentHashMap<>();
    private final ArrayDeque<Long> registrationOrder = new ArrayDeque<>();
    private long nextId = 1;

    @Nullable
    Producer get(long id) {
        return byId.get(id);
    }

    @Nullable
    Producer get(String name) {
        return name.isEmpty() ? null : byName.get(name);
    }

    Producer require(long id) {
        var producer = byId.get(id);
        if (producer == null) {
            throw new IllegalStateException("S3 the log speaks of producer " + id + ", which does not exist");
        }
        return producer;
    }

    int size() {
        return byId.size();
    }

    Collection<Producer> all() {
        return byId.values();
    }

    long nextId() {
        return nextId;
    }

    /// What the registration in the entry that ends at `endLsn` gave; null: there is none, or it is long ago.
    StreamStore.@Nullable ProducerView registration(long endLsn) {
        return registrations.get(endLsn);
    }

    Producer register(StreamChange.ProducerRegistered registered, long endLsn) {
        var producer = register(registered);
        registrations.put(endLsn, producer.view());
        registrationOrder.addLast(endLsn);
        if (registrationOrder.size() > REMEMBERED_REGISTRATIONS) {
            registrations.remove(registrationOrder.removeFirst());
        }
        return producer;
    }

    private Producer register(StreamChange.ProducerRegistered registered) {
        var known = byId.get(registered.producerId());
        if (known != null) {
            Checks.check(registered.epoch() == known.epoch() + 1, "S3 epoch", registered.epoch(), known.epoch() + 1L);
            known.reign(registered.epoch(), registered.atMillis());
            return known;
        }
        Checks.check(registered.producerId() == nextId, "S3 producer ids count up", registered.producerId(), nextId);
        Checks.check(registered.epoch() == 0, "S3 the first epoch", registered.epoch(), 0);
        nextId++;
        var producer = new Producer(registered.producerId(), registered.name(), 0, registered.atMillis());
        add(producer);
        return producer;
    }

    void restore(Iterable<ProducerImage> images, long restoredNextId) {
        for (var image : images) {
            add(new Producer(image));
        }
        nextId = restoredNextId;
    }

    private void add(Producer producer) {
        byId.put(producer.id, producer);
        if (!producer.name.isEmpty()) {
            byName.put(producer.name, producer);
        }
    }

    List<Producer> idleSince(long millis) {
        var idle = new ArrayList<Producer>();
        for (var producer : byId.values()) {
            if (producer.activeMillis() < millis) {
                idle.add(producer);
            }
        }
        return idle;
    }

    void remove(Producer producer) {
        byId.remove(producer.id);
        if (!producer.name.isEmpty()) {
            byName.remove(producer.name);
        }
    }
}
