package io.taffrail.wal.io.worker;

import io.taffrail.wal.io.IoCompletion;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.io.IoResult;
import io.taffrail.wal.io.ParkedOwner;
import io.taffrail.wal.io.sync.ChannelIo;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// Runs requests on the threads of the executor it is given, which bounds how many the disk sees at once, and
/// hands their results back to the owner. Works wherever Java does; costs two hand-overs between threads a
/// request, unless the owner may wait and the disk has been quick: then the owner's thread runs it. The executor must
/// not interrupt its threads: `java.nio` answers that by closing the file.
public final class WorkerIoMethod implements IoMethod {
    /// A durable write that takes no longer is quick.
    public static final long QUICK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    /// So many quick ones in a row, and the next is expected to be quick.
    public static final int QUICK_IN_A_ROW = 16;

    private record Finished(IoCompletion completion, IoResult result) {}

    private final Executor workers;
    private final ConcurrentLinkedQueue<Finished> finished = new ConcurrentLinkedQueue<>();
    private final AtomicInteger inFlight = new AtomicInteger();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger quickInARow = new AtomicInteger();
    private final ParkedOwner owner = new ParkedOwner();

    /// The executor stays the caller's, who ends it after [#close].
    public WorkerIoMethod(Executor workers) {
        this.workers = workers;
    }

    @Override
    public String name() {
        return "worker";
    }

    @Override
    public void submit(IoRequest request) {
        inFlight.incrementAndGet();
        running.incrementAndGet();
        try {
            workers.execute(() -> finish(request, run(request)));
        } catch (RejectedExecutionException e) {
            finish(request, new IoResult.Failed(0, request.describe() + ": no worker accepts it: " + e));
        }
    }

    /// Only while nothing else is with the disk, which could be what makes it slow. A disk that stops answering holds
    /// up the owner once, for as long as it does.
    @Override
    public void submitOrRun(IoRequest request) {
        if (running.get() > 0 || quickInARow.get() < QUICK_IN_A_ROW) {
            submit(request);
            return;
        }
        inFlight.incrementAndGet();
        finished.add(new Finished(request.completion(), run(request)));
    }

    private IoResult run(IoRequest request) {
        var start = System.nanoTime();
        var result = ChannelIo.run(request);
        if (request instanceof IoRequest.Write write && write.durable()) {
            if (System.nanoTime() - start <= QUICK_NANOS) {
                quickInARow.incrementAndGet();
            } else {
                quickInARow.set(0);
            }
        }
        return result;
    }

    private void finish(IoRequest request, IoResult result) {
        finished.add(new Finished(request.completion(), result));
        // Before the wake-up, which is what close() waits with.
        running.decrementAndGet();
        owner.wakeup();
    }

    @Override
    public int poll() {
        var completed = 0;
        // A completion may submit, and the disk may be fast: no more than were in flight, or this may not end.
        for (var limit = inFlight.get(); completed < limit; completed++) {
            var next = finished.poll();
            if (next == null) {
                break;
            }
            inFlight.decrementAndGet();
            next.completion().completed(next.result());
        }
        return completed;
    }

    @Override
    public boolean awaitsApart() {
        return true;
    }

    @Override
    public void await(long timeoutNanos) {
        if (finished.isEmpty()) {
            owner.await(timeoutNanos);
        }
    }

    @Override
    public void wakeup() {
        owner.wakeup();
    }

    @Override
    public int inFlight() {
        return inFlight.get();
    }

    @Override
    public void close() {
        while (running.get() > 0) {
            owner.await(Long.MAX_VALUE);
        }
        finished.clear();
        inFlight.set(0);
    }
}
