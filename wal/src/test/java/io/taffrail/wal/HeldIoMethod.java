package io.taffrail.wal;

import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.io.IoResult;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/// Carries requests out at once, or holds them until the test says which one completes, and how.
final class HeldIoMethod implements IoMethod {
    private final ArrayDeque<Runnable> completions = new ArrayDeque<>();
    final List<IoRequest> held = new ArrayList<>();
    boolean holds;
    /// Durable writes are forced, for a disk on which that makes a difference.
    boolean forces;

    @Override
    public String name() {
        return "held";
    }

    @Override
    public void submit(IoRequest request) {
        held.add(request);
        if (!holds) {
            release(held.size() - 1);
        }
    }

    void release(int index) {
        var request = held.remove(index);
        var result = perform(request);
        completions.add(() -> request.completion().completed(result));
    }

    void releaseAll() {
        while (!held.isEmpty()) {
            release(0);
        }
    }

    void fail(int index, int errno, String message) {
        var request = held.remove(index);
        completions.add(() -> request.completion().completed(new IoResult.Failed(errno, message)));
    }

    private IoResult perform(IoRequest request) {
        try {
            return switch (request) {
                case IoRequest.Read read -> new IoResult.Done(read.file().read(read.target(), read.position()));
                case IoRequest.Write write -> {
                    write.file().write(write.source(), write.position());
                    if (forces && write.durable()) {
                        write.file().force();
                    }
                    yield new IoResult.Done(write.source().remaining());
                }
                case IoRequest.Sync sync -> {
                    sync.file().force();
                    yield new IoResult.Done(0);
                }
            };
        } catch (IOException e) {
            return new IoResult.Failed(5, e.toString());
        }
    }

    @Override
    public int poll() {
        var ran = 0;
        while (!completions.isEmpty()) {
            completions.removeFirst().run();
            ran++;
        }
        return ran;
    }

    @Override
    public void await(long timeoutNanos) {}

    @Override
    public void wakeup() {}

    @Override
    public int inFlight() {
        return held.size() + completions.size();
    }

    @Override
    public void close() {}
}
