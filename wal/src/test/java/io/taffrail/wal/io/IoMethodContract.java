package io.taffrail.wal.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What every [IoMethod] promises, whatever its disk is made of. Subclasses provide the two, new for each test.
/// The time limit only ends a test that hangs.
@Timeout(120)
public abstract class IoMethodContract {
    protected static final int BLOCK_BYTES = 4096;
    protected static final long LONG_NANOS = 3_600_000_000_000L;

    protected LogDirectory directory;
    protected IoMethod io;

    protected abstract LogDirectory openDirectory() throws Exception;

    protected abstract IoMethod openMethod(LogDirectory directory) throws Exception;

    @BeforeEach
    void open() throws Exception {
        directory = openDirectory();
        io = openMethod(directory);
    }

    @AfterEach
    void close() throws Exception {
        // Null where a test was skipped.
        if (io != null) {
            io.close();
        }
        if (directory != null) {
            directory.close();
        }
    }

    @Test
    void readsBackWhatWasWritten() throws Exception {
        try (var file = directory.create("a", 16 * BLOCK_BYTES)) {
            var source = randomBlocks(3, 1);
            assertEquals(done(3 * BLOCK_BYTES), run(write(file, source, 2 * BLOCK_BYTES, false)));
            var target = blocks(3);
            assertEquals(done(3 * BLOCK_BYTES), run(read(file, target, 2 * BLOCK_BYTES)));
            assertEquals(source, target);
        }
    }

    @Test
    void readsBackWhatWasWrittenDurably() throws Exception {
        try (var file = directory.create("a", 16 * BLOCK_BYTES)) {
            var source = randomBlocks(1, 2);
            assertEquals(done(BLOCK_BYTES), run(write(file, source, 5 * BLOCK_BYTES, true)));
            var target = ByteBuffer.allocate(BLOCK_BYTES);
            assertEquals(BLOCK_BYTES, file.read(target, 5 * BLOCK_BYTES));
            assertEquals(source, target.flip());
        }
    }

    @Test
    void leavesAloneWhatStandsAroundAWrite() throws Exception {
        try (var file = directory.create("a", 4 * BLOCK_BYTES)) {
            run(write(file, randomBlocks(1, 3), BLOCK_BYTES, true));
            var around = ByteBuffer.allocate(4 * BLOCK_BYTES);
            file.read(around, 0);
            for (var i = 0; i < BLOCK_BYTES; i++) {
                assertEquals(0, around.get(i));
                assertEquals(0, around.get(2 * BLOCK_BYTES + i));
                assertEquals(0, around.get(3 * BLOCK_BYTES + i));
            }
        }
    }

    @Test
    void transfersBuffersOfTheHeap() throws Exception {
        try (var file = directory.create("a", 4 * BLOCK_BYTES)) {
            var source = new byte[2 * BLOCK_BYTES];
            new Random(4).nextBytes(source);
            run(write(file, ByteBuffer.wrap(source), 0, false));
            var target = ByteBuffer.allocate(2 * BLOCK_BYTES);
            assertEquals(done(2 * BLOCK_BYTES), run(read(file, target, 0)));
            assertArrayEquals(source, target.array());
        }
    }

    @Test
    void leavesABuffersPositionAndLimitAsTheyAre() throws Exception {
        try (var file = directory.create("a", 8 * BLOCK_BYTES)) {
            var source = randomBlocks(4, 5).position(BLOCK_BYTES).limit(3 * BLOCK_BYTES);
            assertEquals(done(2 * BLOCK_BYTES), run(write(file, source, 0, false)));
            var target = blocks(4).position(2 * BLOCK_BYTES).limit(4 * BLOCK_BYTES);
            assertEquals(done(2 * BLOCK_BYTES), run(read(file, target, 0)));
            assertEquals(BLOCK_BYTES, source.position());
            assertEquals(3 * BLOCK_BYTES, source.limit());
            assertEquals(2 * BLOCK_BYTES, target.position());
            assertEquals(source, target);
        }
    }

    @Test
    void growsAFileByWritingBehindItsEnd() throws Exception {
        try (var file = directory.create("a", 0)) {
            assertEquals(done(BLOCK_BYTES), run(write(file, randomBlocks(1, 6), 0, true)));
            assertEquals(done(BLOCK_BYTES), run(write(file, randomBlocks(1, 7), BLOCK_BYTES, true)));
            assertEquals(2 * BLOCK_BYTES, file.sizeBytes());
        }
    }

    @Test
    void readsLessOnlyAtTheEndOfTheFile() throws Exception {
        try (var file = directory.create("a", 2 * BLOCK_BYTES)) {
            assertEquals(done(BLOCK_BYTES), run(read(file, blocks(4), BLOCK_BYTES)));
            assertEquals(done(0), run(read(file, blocks(4), 2 * BLOCK_BYTES)));
            assertEquals(done(0), run(read(file, blocks(4), 100 * BLOCK_BYTES)));
        }
    }

    @Test
    void syncsWhatWasWritten() throws Exception {
        try (var file = directory.create("a", BLOCK_BYTES)) {
            run(write(file, randomBlocks(1, 8), 0, false));
            assertEquals(done(0), run(sync(file)));
        }
    }

    @Test
    void completesManyInFlightOnceEach() throws Exception {
        var requests = 1000;
        try (var file = directory.create("a", requests * (long) BLOCK_BYTES)) {
            var sources = new ArrayList<ByteBuffer>();
            var completed = new int[requests];
            for (var i = 0; i < requests; i++) {
                var request = i;
                sources.add(randomBlocks(1, 100 + i));
                io.submit(new IoRequest.Write(file, sources.get(i), i * (long) BLOCK_BYTES, i % 7 == 0, result -> {
                    assertEquals(done(BLOCK_BYTES), result);
                    completed[request]++;
                }));
            }
            assertEquals(requests, io.inFlight());
            drain();
            for (var i = 0; i < requests; i++) {
                assertEquals(1, completed[i]);
                var target = ByteBuffer.allocate(BLOCK_BYTES);
                file.read(target, i * (long) BLOCK_BYTES);
                assertEquals(sources.get(i), target.flip());
            }
        }
    }

    @Test
    void runsCompletionsFromPollAlone() throws Exception {
        try (var file = directory.create("a", BLOCK_BYTES)) {
            var results = new ArrayList<IoResult>();
            io.submit(new IoRequest.Write(file, randomBlocks(1, 9), 0, true, results::add));
            assertTrue(results.isEmpty());
            io.await(LONG_NANOS);
            assertTrue(results.isEmpty());
            assertEquals(1, io.inFlight());
            drain();
            assertEquals(1, results.size());
            assertEquals(0, io.inFlight());
        }
    }

    @Test
    void takesRequestsFromWithinACompletion() throws Exception {
        try (var file = directory.create("a", BLOCK_BYTES)) {
            var chain = new int[1];
            var source = randomBlocks(1, 10);
            io.submit(new IoRequest.Write(file, source, 0, false, result -> next(file, source, chain)));
            drain();
            assertEquals(20, chain[0]);
        }
    }

    private void next(LogFile file, ByteBuffer source, int[] chain) {
        if (++chain[0] < 20) {
            io.submit(new IoRequest.Write(file, source, 0, false, result -> next(file, source, chain)));
        }
    }

    @Test
    void failsRequestsOnAClosedFile() throws Exception {
        var file = directory.create("a", BLOCK_BYTES);
        run(write(file, randomBlocks(1, 11), 0, true));
        file.close();
        assertInstanceOf(IoResult.Failed.class, run(write(file, randomBlocks(1, 11), 0, false)));
        assertInstanceOf(IoResult.Failed.class, run(write(file, randomBlocks(1, 11), 0, true)));
        assertInstanceOf(IoResult.Failed.class, run(read(file, blocks(1), 0)));
        assertInstanceOf(IoResult.Failed.class, run(sync(file)));
    }

    @Test
    void servesFilesThatWereRenamed() throws Exception {
        try (var file = directory.create("a", BLOCK_BYTES)) {
            directory.rename("a", "b");
            var source = randomBlocks(1, 12);
            assertEquals(done(BLOCK_BYTES), run(write(file, source, 0, true)));
            directory.rename("b", "c");
            assertEquals(done(BLOCK_BYTES), run(write(file, source, 0, false)));
            assertEquals("c", file.name());
            var target = ByteBuffer.allocate(BLOCK_BYTES);
            try (var again = directory.open("c")) {
                again.read(target, 0);
            }
            assertEquals(source, target.flip());
        }
    }

    @Test
    void awaitReturnsAtOnceAfterAWakeup() {
        io.wakeup();
        io.await(LONG_NANOS);
        io.wakeup();
        io.wakeup();
        io.await(LONG_NANOS);
    }

    @Test
    void awaitEndsWhenItsTimeIsOver() {
        io.await(1_000_000);
        io.await(0);
        assertEquals(0, io.poll());
    }

    protected final IoResult run(Command command) {
        var results = new ArrayList<IoResult>();
        io.submit(command.with(results::add));
        drain();
        assertEquals(1, results.size());
        return results.getFirst();
    }

    protected final void drain() {
        while (io.inFlight() > 0) {
            io.await(LONG_NANOS);
            io.poll();
        }
    }

    /// A request without its completion.
    @FunctionalInterface
    protected interface Command {
        IoRequest with(IoCompletion completion);
    }

    protected static Command write(LogFile file, ByteBuffer source, long position, boolean durable) {
        return completion -> new IoRequest.Write(file, source, position, durable, completion);
    }

    protected static Command read(LogFile file, ByteBuffer target, long position) {
        return completion -> new IoRequest.Read(file, target, position, completion);
    }

    protected static Command sync(LogFile file) {
        return completion -> new IoRequest.Sync(file, completion);
    }

    protected static IoResult done(int bytes) {
        return new IoResult.Done(bytes);
    }

    protected static ByteBuffer blocks(int count) {
        return ByteBuffer.allocateDirect((count + 1) * BLOCK_BYTES)
                .alignedSlice(BLOCK_BYTES)
                .slice(0, count * BLOCK_BYTES);
    }

    protected static ByteBuffer randomBlocks(int count, long seed) {
        var bytes = new byte[count * BLOCK_BYTES];
        new Random(seed).nextBytes(bytes);
        return blocks(count).put(0, bytes);
    }
}
