package io.taffrail.service.host;

import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;

/// What a turn of the replica's loop has for clients, by event loop: each is woken at most once a turn. Loop thread.
final class Outboxes {
    private static final class Outbox {
        private final EventExecutor eventLoop;
        private List<Delivery> filling = new ArrayList<>();

        Outbox(EventExecutor eventLoop) {
            this.eventLoop = eventLoop;
        }
    }

    private final IdentityHashMap<EventExecutor, Outbox> boxes = new IdentityHashMap<>();
    private final List<Outbox> dirty = new ArrayList<>();

    void add(EventExecutor eventLoop, Delivery delivery) {
        var box = boxes.computeIfAbsent(eventLoop, Outbox::new);
        if (box.filling.isEmpty()) {
            dirty.add(box);
        }
        box.filling.add(delivery);
    }

    void turnEnded() {
        for (var box : dirty) {
            var batch = box.filling;
            box.filling = new ArrayList<>(batch.size());
            send(box.eventLoop, batch);
        }
        dirty.clear();
    }

    static void send(EventExecutor eventLoop, List<Delivery> batch) {
        try {
            eventLoop.execute(() -> {
                batch.forEach(Delivery::deliver);
                batch.forEach(Delivery::flush);
            });
        } catch (RejectedExecutionException stopped) {
            // The event loops are gone: so are the connections, and nobody waits for these.
            batch.clear();
        }
    }
}
