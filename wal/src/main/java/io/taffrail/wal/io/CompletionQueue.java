package io.taffrail.wal.io;

import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;

/// Results that wait for their owner's next [IoMethod#poll], and the count of requests that have none yet. The
/// owner's, except [#inFlight].
public final class CompletionQueue {
    private record Finished(IoCompletion completion, IoResult result) {}

    private final ArrayDeque<Finished> finished = new ArrayDeque<>();
    private final AtomicInteger inFlight = new AtomicInteger();

    public void started() {
        inFlight.incrementAndGet();
    }

    public void finished(IoCompletion completion, IoResult result) {
        finished.add(new Finished(completion, result));
    }

    public void failed(IoRequest request, int errno, String cause) {
        finished(request.completion(), new IoResult.Failed(errno, request.describe() + ": " + cause));
    }

    public boolean isEmpty() {
        return finished.isEmpty();
    }

    /// Runs the completions that are here and returns how many. One that is added by them is left to the next
    /// call, or two that submit each other could go on forever.
    public int run() {
        var ready = finished.size();
        for (var i = 0; i < ready; i++) {
            var next = finished.remove();
            inFlight.decrementAndGet();
            next.completion().completed(next.result());
        }
        return ready;
    }

    /// Requests whose completion has not run. Any thread.
    public int inFlight() {
        return inFlight.get();
    }

    public void clear() {
        finished.clear();
        inFlight.set(0);
    }
}
