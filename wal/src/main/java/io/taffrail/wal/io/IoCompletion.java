package io.taffrail.wal.io;

/// Called once for each request, on the thread that owns the [IoMethod].
@FunctionalInterface
public interface IoCompletion {
    void completed(IoResult result);
}
