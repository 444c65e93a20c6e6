package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/// How long this process, or the disk that it shares with the replicas, stood still at most. A leader that
/// a machine gives no time for longer than an election takes to begin is replaced, and rightly so: whoever
/// says that nobody is elected can say it of a machine that goes on.
final class Standstills implements AutoCloseable {
    private static final long EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    /// A part of the shortest timeout of [LocalCluster#PATIENT].
    private static final long LONG_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Path folder;
    private final Thread thread;
    private volatile boolean closed;
    private long longestNanos;

    Standstills(Path folder) {
        this.folder = folder;
        thread = Thread.ofPlatform().daemon().name("standstills").start(this::watch);
    }

    private void watch() {
        var block = ByteBuffer.allocateDirect(512);
        try {
            Files.createDirectories(folder);
            try (var channel = FileChannel.open(
                    folder.resolve("standstills"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                for (var last = System.nanoTime(); !closed; ) {
                    TimeUnit.NANOSECONDS.sleep(EVERY_NANOS);
                    channel.write(block.rewind(), 0);
                    channel.force(false);
                    var now = System.nanoTime();
                    note(now - last - EVERY_NANOS);
                    last = now;
                }
            }
        } catch (IOException gone) {
            // The folder goes with its test.
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void note(long nanos) {
        longestNanos = Math.max(longestNanos, nanos);
    }

    /// What comes now is judged for itself.
    synchronized void forget() {
        longestNanos = 0;
    }

    synchronized boolean happened() {
        return longestNanos > LONG_NANOS;
    }

    /// Since the last [#forget].
    synchronized void assertNobodyElected(long epochBefore, long epochAfter, String why) {
        if (epochBefore != epochAfter && happened()) {
            System.out.printf(
                    Locale.ROOT,
                    "NOT JUDGED (%s): epoch %s after %s, and this machine stood still for %.1f s%n",
                    why,
                    epochAfter,
                    epochBefore,
                    longestNanos / 1e9);
            return;
        }
        assertEquals(epochBefore, epochAfter, why);
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}
