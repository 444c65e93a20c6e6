package io.taffrail.wal.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.wal.io.file.Buffering;
import io.taffrail.wal.io.file.FileLogDirectory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The rest of the contract: real files, kernels and threads.
public abstract class DiskIoMethodContract extends IoMethodContract {
    @TempDir
    Path folder;

    private final Buffering buffering;

    protected DiskIoMethodContract(Buffering buffering) {
        this.buffering = buffering;
    }

    /// Opens what a kernel, a container's profile or another C library may refuse.
    protected interface Opening {
        IoMethod open() throws KernelRefusedException;
    }

    protected static IoMethod orSkip(Opening opening) {
        try {
            return opening.open();
        } catch (KernelRefusedException | LinkageError refused) {
            throw Skip.because("not possible here: " + refused);
        }
    }

    @Override
    protected LogDirectory openDirectory() throws Exception {
        var opened = FileLogDirectory.open(folder.resolve("log"), buffering);
        Skip.unless(opened.buffering() == buffering, opened.bufferingReason());
        return opened;
    }

    @Test
    void failsWritesToAFileThatWasOpenedForReading() throws Exception {
        directory.create("a", 2 * BLOCK_BYTES).close();
        try (var reading = FileLogDirectory.openReadOnly(folder.resolve("log"));
                var file = reading.open("a")) {
            assertInstanceOf(IoResult.Failed.class, run(write(file, blocks(1), 0, false)));
            assertInstanceOf(IoResult.Failed.class, run(write(file, blocks(1), 0, true)));
            assertEquals(done(2 * BLOCK_BYTES), run(read(file, blocks(2), 0)));
        }
    }

    @Test
    void tellsThatTheDiskIsFull() throws Exception {
        Skip.unless(buffering == Buffering.BUFFERED, "there is no direct I/O to /dev/full");
        Skip.unless(Files.isWritable(Path.of("/dev/full")), "no /dev/full that can be written to");
        Files.createSymbolicLink(folder.resolve("log").resolve("full"), Path.of("/dev/full"));
        try (var file = directory.open("full")) {
            var failed = assertInstanceOf(IoResult.Failed.class, run(write(file, blocks(1), 0, false)));
            assertEquals(Errno.ENOSPC.number(), failed.errno());
            assertTrue(failed.message().contains("full") && failed.message().contains(Errno.ENOSPC.hint()));
            assertInstanceOf(IoResult.Failed.class, run(write(file, blocks(1), 0, true)));
        }
        directory.delete("full");
    }

    @Test
    void failsARequestThatNoFileCanServe() throws Exception {
        try (var file = directory.create("a", BLOCK_BYTES)) {
            assertInstanceOf(IoResult.Failed.class, run(write(file, blocks(1), -BLOCK_BYTES, false)));
        }
    }

    @Test
    void usesAFileAgainThatTookTheNumberOfAClosedOne() throws Exception {
        for (var i = 0; i < 50; i++) {
            var name = "segment" + i;
            var source = randomBlocks(1, i);
            var file = directory.create(name, 0);
            run(write(file, source, 0, i % 2 == 0));
            file.close();
            try (var again = directory.open(name)) {
                var target = blocks(1);
                assertEquals(done(BLOCK_BYTES), run(read(again, target, 0)));
                assertEquals(source, target);
            }
            directory.delete(name);
        }
    }

    @Test
    void closeWaitsForWhatIsInFlight() throws Exception {
        var count = 100;
        try (var file = directory.create("a", count * (long) BLOCK_BYTES)) {
            var completions = new AtomicInteger();
            var source = randomBlocks(1, 1);
            for (var i = 0; i < count; i++) {
                io.submit(new IoRequest.Write(
                        file, source, i * (long) BLOCK_BYTES, true, result -> completions.incrementAndGet()));
            }
            io.close();
            assertEquals(0, completions.get());
            for (var i = 0; i < count; i++) {
                var target = ByteBuffer.allocate(BLOCK_BYTES);
                file.read(target, i * (long) BLOCK_BYTES);
                assertEquals(source, target.flip());
            }
            io = openMethod(directory);
        }
    }

    @Test
    void wakesAnOwnerThatSleeps() throws Exception {
        // The wake-up may come before the sleep or during it; either must end it.
        for (var i = 0; i < 200; i++) {
            var waker = Thread.ofPlatform().start(io::wakeup);
            io.await(LONG_NANOS);
            waker.join();
            // A signal that was sent to an owner that had just come back is used up here.
            io.await(0);
        }
    }

    @Test
    void losesNoWakeupOfManyThreadsWhileTheDiskWorks() throws Exception {
        var wakers = 4;
        var rounds = 20_000;
        var posted = new AtomicInteger();
        var threads = new Thread[wakers];
        var failure = new AtomicReference<@Nullable Throwable>();
        for (var t = 0; t < wakers; t++) {
            threads[t] = Thread.ofPlatform()
                    .uncaughtExceptionHandler((_, e) -> failure.set(e))
                    .start(() -> {
                        for (var i = 0; i < rounds; i++) {
                            posted.incrementAndGet();
                            io.wakeup();
                            // Now and then the owner gets the time to fall asleep.
                            if (i % 64 == 0) {
                                LockSupport.parkNanos(1);
                            }
                        }
                    });
        }
        try (var file = directory.create("a", 8 * BLOCK_BYTES)) {
            var source = randomBlocks(1, 1);
            var seen = 0;
            while (seen < wakers * rounds) {
                // A wake-up after this read, if it were lost, would leave the owner asleep for good.
                seen = posted.get();
                if (io.inFlight() < 4) {
                    io.submit(new IoRequest.Write(
                            file,
                            source,
                            (seen % 8) * (long) BLOCK_BYTES,
                            false,
                            result -> assertEquals(done(BLOCK_BYTES), result)));
                }
                io.poll();
                if (posted.get() == seen && seen < wakers * rounds) {
                    io.await(LONG_NANOS);
                }
            }
            drain();
        }
        for (var thread : threads) {
            thread.join();
        }
        assertEquals(null, failure.get());
    }

    @Test
    void wakeupsOfOthersDoNoHarmWhileTheMethodCloses() throws Exception {
        var stop = new AtomicBoolean();
        var current = new AtomicReference<>(io);
        var waker = Thread.ofPlatform().start(() -> {
            while (!stop.get()) {
                current.get().wakeup();
            }
        });
        try (var file = directory.create("a", BLOCK_BYTES)) {
            var source = randomBlocks(1, 1);
            run(write(file, source, 0, true));
            for (var i = 0; i < 30; i++) {
                io.await(1_000);
                io.close();
                io = openMethod(directory);
                current.set(io);
                run(write(file, source, 0, false));
            }
            stop.set(true);
            waker.join();
            var target = ByteBuffer.allocate(BLOCK_BYTES);
            file.read(target, 0);
            assertEquals(source, target.flip());
            assertEquals(BLOCK_BYTES, file.sizeBytes());
        }
    }

    @Test
    void goesOnWhenAThreadHandsTheMethodOverAndEnds() throws Exception {
        try (var file = directory.create("a", 64 * BLOCK_BYTES)) {
            var completed = new AtomicInteger();
            var source = randomBlocks(1, 1);
            var first = Thread.ofPlatform().start(() -> {
                io.wakeup();
                io.await(LONG_NANOS);
                io.await(1_000);
                for (var i = 0; i < 64; i++) {
                    io.submit(new IoRequest.Write(file, source, i * (long) BLOCK_BYTES, true, result -> {
                        assertEquals(done(BLOCK_BYTES), result);
                        completed.incrementAndGet();
                    }));
                }
            });
            first.join();
            drain();
            assertEquals(64, completed.get());
            io.wakeup();
            io.await(LONG_NANOS);
        }
    }

    @Test
    void readsAnyRangeOnTheCallingThread() throws Exception {
        var bytes = new byte[300_000];
        new Random(7).nextBytes(bytes);
        try (var file = directory.create("a", 0)) {
            file.write(ByteBuffer.wrap(bytes), 0);
            file.force();
            var random = new Random(8);
            for (var i = 0; i < 200; i++) {
                var position = random.nextInt(bytes.length + 5000);
                var length = random.nextInt(i % 10 == 0 ? 290_000 : 9_000);
                var target = ByteBuffer.allocate(length);
                var expected = Math.clamp((long) bytes.length - position, 0, length);
                assertEquals(expected, file.read(target, position));
                assertEquals(ByteBuffer.wrap(bytes, Math.min(position, bytes.length), expected), target.flip());
            }
        }
    }
}
