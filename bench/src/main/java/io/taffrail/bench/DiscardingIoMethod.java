package io.taffrail.bench;

import io.taffrail.wal.io.CompletionQueue;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.io.IoResult;
import io.taffrail.wal.io.ParkedOwner;

/// A disk that takes no time and keeps nothing: what is measured on it is the engine alone.
final class DiscardingIoMethod implements IoMethod {
    private final CompletionQueue completions = new CompletionQueue();
    private final ParkedOwner owner = new ParkedOwner();

    @Override
    public String name() {
        return "discarding";
    }

    @Override
    public void submit(IoRequest request) {
        completions.started();
        var bytes = switch (request) {
            case IoRequest.Write write -> write.source().remaining();
            case IoRequest.Read _, IoRequest.Sync _ -> 0;
        };
        completions.finished(request.completion(), new IoResult.Done(bytes));
    }

    @Override
    public int poll() {
        return completions.run();
    }

    @Override
    public void await(long timeoutNanos) {
        if (completions.isEmpty()) {
            owner.await(timeoutNanos);
        }
    }

    @Override
    public void wakeup() {
        owner.wakeup();
    }

    @Override
    public int inFlight() {
        return completions.inFlight();
    }

    @Override
    public void close() {
        completions.clear();
    }
}
