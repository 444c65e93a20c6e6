package io.taffrail.service.rpc;

import java.util.LinkedHashSet;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Memory of answers that the transport was given and that have not left: of all connections together, since a client
/// decides by itself when it reads. Any thread.
///
/// Large answers, reads above all, wait or are refused when three quarters are held, and so never hold more than that
/// and one answer. The rest is for small ones: an acknowledgement waits for nobody who does not read.
public final class AnswerBudget {
    private static final int LEFT_TO_SMALL = 4;

    private final long limitBytes;
    private final long largeLimitBytes;
    private final AtomicLong heldBytes = new AtomicLong();
    private final LinkedHashSet<Waiting> waiting = new LinkedHashSet<>();
    private volatile boolean anyWaiting;

    /// A large answer that has no room yet.
    public static final class Waiting {
        private final long bytes;
        private final Runnable resume;

        private Waiting(long bytes, Runnable resume) {
            this.bytes = bytes;
            this.resume = resume;
        }
    }

    public AnswerBudget(long limitBytes) {
        this.limitBytes = limitBytes;
        this.largeLimitBytes = limitBytes - limitBytes / LEFT_TO_SMALL;
    }

    void hold(long bytes) {
        heldBytes.addAndGet(bytes);
    }

    public void release(long bytes) {
        if (bytes != 0) {
            heldBytes.addAndGet(-bytes);
            if (anyWaiting) {
                wakeWaiting();
            }
        }
    }

    /// Holds the memory of a large answer. False: there is none, or others wait for it.
    public boolean take(long bytes) {
        return !anyWaiting && takeIfRoom(bytes);
    }

    private boolean takeIfRoom(long bytes) {
        while (true) {
            var held = heldBytes.get();
            // Whatever its size: what is larger than the budget would wait for ever.
            if (held > largeLimitBytes) {
                return false;
            }
            if (heldBytes.compareAndSet(held, held + bytes)) {
                return true;
            }
        }
    }

    /// Runs `resume`, which must be quick and for any thread, once the memory is held, in the order of asking.
    public Waiting whenRoom(long bytes, Runnable resume) {
        var last = new Waiting(bytes, resume);
        synchronized (waiting) {
            waiting.add(last);
            anyWaiting = true;
        }
        // What was given back between the caller's look and the lines above would wake nobody else.
        wakeWaiting();
        return last;
    }

    /// False: its turn has come.
    public boolean cancel(Waiting given) {
        synchronized (waiting) {
            var removed = waiting.remove(given);
            anyWaiting = !waiting.isEmpty();
            return removed;
        }
    }

    private void wakeWaiting() {
        for (var next = firstWithRoom(); next != null; next = firstWithRoom()) {
            next.resume.run();
        }
    }

    private @Nullable Waiting firstWithRoom() {
        synchronized (waiting) {
            if (waiting.isEmpty() || !takeIfRoom(waiting.getFirst().bytes)) {
                return null;
            }
            var first = waiting.removeFirst();
            anyWaiting = !waiting.isEmpty();
            return first;
        }
    }

    /// Not even a small answer has room.
    boolean exceeded() {
        return heldBytes.get() > limitBytes;
    }

    /// What is held keeps others from being answered.
    boolean keepsOthersWaiting() {
        return anyWaiting || exceeded();
    }

    public long heldBytes() {
        return heldBytes.get();
    }

    public long limitBytes() {
        return limitBytes;
    }
}
