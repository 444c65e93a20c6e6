package io.taffrail.wal.io.sync;

import io.taffrail.wal.io.CompletionQueue;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.io.ParkedOwner;

/// Runs a request when it is submitted, on the owner's thread. Nothing overlaps: the owner stands still while
/// the disk works. For tests, for recovery, and as the reference of what the other methods must do.
public final class SyncIoMethod implements IoMethod {
    private final CompletionQueue completions = new CompletionQueue();
    private final ParkedOwner owner = new ParkedOwner();

    @Override
    public String name() {
        return "sync";
    }

    @Override
    public void submit(IoRequest request) {
        completions.started();
        completions.finished(request.completion(), ChannelIo.run(request));
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
