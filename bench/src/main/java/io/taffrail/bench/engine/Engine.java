package io.taffrail.bench.engine;

import io.taffrail.wal.Wal;
import io.taffrail.wal.WalConfig;
import io.taffrail.wal.WalListener;
import io.taffrail.wal.WalStats;
import io.taffrail.wal.io.file.Buffering;
import io.taffrail.wal.io.file.FileLogDirectory;
import io.taffrail.wal.io.selection.IoMethods;
import io.taffrail.wal.record.EntryType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// A log with its directory and I/O method, and the turn of the loop that runs them. One thread.
final class Engine implements AutoCloseable {
    private static final int WORKERS = 4;
    // Segments behind are deleted, as retention would.
    private static final int SEGMENTS_KEPT = 4;

    private final ExecutorService workers = Executors.newFixedThreadPool(WORKERS);
    private final FileLogDirectory directory;
    private final IoMethods.Opened opened;
    private final Wal wal;
    private final long trimEveryBytes;
    private long trimAtLsn;

    Engine(Path path, String method, Buffering buffering, WalConfig config) throws IOException {
        directory = FileLogDirectory.open(path, buffering, workers);
        opened = IoMethods.open(method, directory, workers);
        var listener = new WalListener() {
            @Override
            public void flushed(long lsn) {}

            @Override
            public void failed(String message) {
                throw new IllegalStateException(message);
            }
        };
        wal = Wal.open(config, directory, opened.method(), System::nanoTime, listener, 0, Long.MAX_VALUE, (_, _) -> {});
        // As a cluster of one lets it.
        wal.mayWaitForDisk(true);
        trimEveryBytes = (long) SEGMENTS_KEPT * config.segmentBytes();
    }

    String methodName() {
        return opened.method().name();
    }

    String buffering() {
        return directory.buffering().name().toLowerCase(Locale.ROOT);
    }

    boolean hasRoomFor(int payloadBytes) {
        return switch (wal.admit(payloadBytes)) {
            case ADMITTED -> true;
            case QUEUE_FULL -> false;
            case DISK_FULL, NO_SEGMENT, TOO_LARGE, FAILED ->
                throw new IllegalStateException("append: " + wal.admit(payloadBytes));
        };
    }

    /// Returns the LSN behind the entry.
    long append(ByteBuffer payload) {
        return wal.append(EntryType.RECORDS, 1, payload).endLsn();
    }

    void requestFlush() {
        wal.requestFlush();
    }

    int work(long nowNanos) {
        if (wal.flushedLsn() > trimAtLsn) {
            trimAtLsn = wal.flushedLsn() + trimEveryBytes;
            wal.trim(wal.flushedLsn() - trimEveryBytes / 2);
        }
        return wal.doWork(nowNanos);
    }

    /// Until something completes or is due, at most this long.
    void sleep(long nowNanos, long longestNanos) {
        var due = wal.nextWorkNanos();
        var nanos = due == Long.MAX_VALUE ? longestNanos : Math.min(longestNanos, due - nowNanos);
        if (nanos > 0) {
            opened.method().await(nanos);
        }
    }

    long flushedLsn() {
        return wal.flushedLsn();
    }

    long reportableLsn() {
        return wal.reportableLsn();
    }

    WalStats stats() {
        return wal.stats();
    }

    @Override
    public void close() throws IOException {
        wal.close();
        opened.method().close();
        directory.close();
        workers.shutdown();
    }
}
