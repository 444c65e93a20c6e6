package io.taffrail.service.rpc;

import java.util.LinkedHashSet;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Memory of answers that the transport was given and that have not left: of all connections together, since a client
/// decides by itself when it reads. Any thread.
///
/// Large answers, reads above all, wait or are refused when three quarters are held, and so never hold more than that
/// and one answer. The rest is for small ones: an acknowledgement waits for nobody who does not read. A connection's
/// large answers wait, too, when they hold more than a quarter of what is left, so that one that reads nothing does not
/// keep the others waiting.
public final class AnswerBudget {
    private static final int LEFT_TO_SMALL = 4;
    private static final int SHARE_OF_LEFT = 4;

    private final long limitBytes;
    private final long largeLimitBytes;
    private final AtomicLong heldBytes = new AtomicLong();
    /// Those with somebody who waits; the first is asked first, and is then the last.
    private final LinkedHashSet<Share> waiting = new LinkedHashSet<>();
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

    /// The large answers of a connection.
    public final class Share {
        private final AtomicLong shareBytes = new AtomicLong();
        /// With the lock of all.
        private final LinkedHashSet<Waiting> own = new LinkedHashSet<>();
        private volatile boolean ownWaiting;

        private Share() {}

        public AnswerBudget budget() {
            return AnswerBudget.this;
        }

        /// Holds the memory of an answer. False: there is none, or others of the connection wait for it.
        public boolean take(long bytes) {
            if (anyWaiting) {
                wakeWaiting();
            }
            return !ownWaiting && takeIfRoom(bytes);
        }

        private boolean takeIfRoom(long bytes) {
            while (true) {
                var held = heldBytes.get();
                var ofShare = shareBytes.get();
                // Whatever its size: what is larger than the budget would wait for ever.
                if (held > largeLimitBytes || (ofShare > 0 && ofShare > (largeLimitBytes - held) / SHARE_OF_LEFT)) {
                    return false;
                }
                if (heldBytes.compareAndSet(held, held + bytes)) {
                    shareBytes.addAndGet(bytes);
                    return true;
                }
            }
        }

        public void release(long bytes) {
            shareBytes.addAndGet(-bytes);
            AnswerBudget.this.release(bytes);
        }

        /// Runs `resume`, which must be quick and for any thread, once the memory is held: in the order of asking on a
        /// connection, and by turns between connections.
        public Waiting whenRoom(long bytes, Runnable resume) {
            var last = new Waiting(bytes, resume);
            synchronized (waiting) {
                own.add(last);
                waiting.add(this);
                changed();
            }
            // What was given back between the caller's look and the lines above would wake nobody else.
            wakeWaiting();
            return last;
        }

        /// Nothing happens if its turn has come.
        public void cancel(Waiting given) {
            synchronized (waiting) {
                if (own.remove(given) && own.isEmpty()) {
                    waiting.remove(this);
                }
                changed();
            }
        }

        private @Nullable Waiting nextWithRoom() {
            var first = own.getFirst();
            if (!takeIfRoom(first.bytes)) {
                return null;
            }
            own.remove(first);
            waiting.remove(this);
            if (!own.isEmpty()) {
                waiting.add(this);
            }
            changed();
            return first;
        }

        private void changed() {
            ownWaiting = !own.isEmpty();
            anyWaiting = !waiting.isEmpty();
        }

        /// What the connection holds keeps somebody from being answered.
        boolean keepsSomebodyWaiting() {
            return ownWaiting || exceeded() || (anyWaiting && heldBytes.get() > largeLimitBytes);
        }
    }

    public AnswerBudget(long limitBytes) {
        this.limitBytes = limitBytes;
        this.largeLimitBytes = limitBytes - limitBytes / LEFT_TO_SMALL;
    }

    Share share() {
        return new Share();
    }

    /// A small answer.
    void hold(long bytes) {
        heldBytes.addAndGet(bytes);
    }

    void release(long bytes) {
        heldBytes.addAndGet(-bytes);
        if (anyWaiting) {
            wakeWaiting();
        }
    }

    private void wakeWaiting() {
        for (var next = firstWithRoom(); next != null; next = firstWithRoom()) {
            next.resume.run();
        }
    }

    private @Nullable Waiting firstWithRoom() {
        if (heldBytes.get() > largeLimitBytes) {
            return null;
        }
        synchronized (waiting) {
            for (var share : waiting) {
                var next = share.nextWithRoom();
                if (next != null) {
                    return next;
                }
            }
            return null;
        }
    }

    /// Not even a small answer has room.
    boolean exceeded() {
        return heldBytes.get() > limitBytes;
    }

    boolean anyWaiting() {
        return anyWaiting;
    }

    public long heldBytes() {
        return heldBytes.get();
    }

    public long limitBytes() {
        return limitBytes;
    }
}
