package io.taffrail.service.rpc;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/// Bytes of requests that all connections together may hold. It never says no: who holds too much stops reading,
/// and is woken when the others have given back. Any thread.
public final class MemoryBudget {
    private final long limitBytes;
    private final AtomicLong heldBytes = new AtomicLong();
    private final Queue<Runnable> waiting = new ConcurrentLinkedQueue<>();

    public MemoryBudget(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    void hold(long bytes) {
        heldBytes.addAndGet(bytes);
    }

    boolean exceeded() {
        return heldBytes.get() > limitBytes;
    }

    /// Runs `resume`, which must be quick and for any thread, once there is room.
    void whenRoom(Runnable resume) {
        waiting.add(resume);
        // What was given back between the caller's look and the line above would wake nobody else.
        wakeWaiting();
    }

    void release(long bytes) {
        heldBytes.addAndGet(-bytes);
        wakeWaiting();
    }

    private void wakeWaiting() {
        while (!waiting.isEmpty() && !exceeded()) {
            var resume = waiting.poll();
            if (resume != null) {
                resume.run();
            }
        }
    }

    public long heldBytes() {
        return heldBytes.get();
    }

    public long limitBytes() {
        return limitBytes;
    }
}
