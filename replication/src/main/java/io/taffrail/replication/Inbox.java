package io.taffrail.replication;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// What clients want of the log, in the order in which it came. Any thread offers, the loop takes. Bounded in bytes
/// and in number: whoever is refused hears when there is room again.
final class Inbox {
    /// A command without records costs no bytes, and still memory.
    static final int MAX_COMMANDS = 1 << 16;

    private final ConcurrentLinkedQueue<InboxItem> items = new ConcurrentLinkedQueue<>();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicBoolean refused = new AtomicBoolean();
    private final long maxBytes;

    Inbox(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /// False: full. One item is always taken, however large.
    boolean offer(InboxItem item) {
        var size = item.sizeBytes();
        var before = bytes.getAndAdd(size);
        if (count.getAndIncrement() >= MAX_COMMANDS || (before > 0 && before + size > maxBytes)) {
            bytes.getAndAdd(-size);
            count.getAndDecrement();
            refused.set(true);
            return false;
        }
        items.add(item);
        return true;
    }

    /// Past the limits: for what must not be refused, and is bounded otherwise.
    void force(InboxItem item) {
        bytes.getAndAdd(item.sizeBytes());
        count.getAndIncrement();
        items.add(item);
    }

    @Nullable
    InboxItem peek() {
        return items.peek();
    }

    void remove(InboxItem head) {
        items.remove();
        bytes.getAndAdd(-head.sizeBytes());
        count.getAndDecrement();
    }

    boolean isEmpty() {
        return items.isEmpty();
    }

    /// Whether somebody was refused and half of the room is free again; true once.
    boolean hasRoomAgain() {
        return refused.get()
                && bytes.get() <= maxBytes / 2
                && count.get() <= MAX_COMMANDS / 2
                && refused.getAndSet(false);
    }
}
