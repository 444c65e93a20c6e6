package io.taffrail.wal.io.selection;

import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.io.IoResult;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.LogFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;

/// A durable write, a flush and a read of a file of its own: a method that can be set up may still be refused
/// its operations by a sandbox or a file system. Then some more durable writes, for their time.
final class Trial {
    static final String FILE_NAME = "io-trial";

    // A disk that takes longer than this for 4 KiB is of no use, and a method that never answers must not keep
    // the process from starting with another.
    private static final long LIMIT_NANOS = 30_000_000_000L;
    private static final int BLOCK_BYTES = 4096;
    /// The first ones are not like those of a log that runs.
    private static final int WARM_UP_WRITES = 32;
    private static final int TIMED_WRITES = 65;
    /// A slow disk must not hold up the start; what it has done by then is the time.
    private static final long TIMING_LIMIT_NANOS = 250_000_000L;

    private Trial() {}

    /// Returns the median time of a durable write of 4 KiB, one outstanding, in nanoseconds. Closes the method if it
    /// fails, unless it is still at work: closing waits for that.
    static long run(IoMethod method, LogDirectory directory) throws IOException {
        try (var file = file(directory)) {
            var written = block();
            for (var i = 0; i < BLOCK_BYTES; i++) {
                written.put(i, (byte) (i * 31));
            }
            var read = block();
            var results = new ArrayDeque<IoResult>();
            method.submit(new IoRequest.Write(file, written, 0, true, results::add));
            expect(method, results, BLOCK_BYTES);
            method.submit(new IoRequest.Sync(file, results::add));
            expect(method, results, 0);
            method.submit(new IoRequest.Read(file, read, 0, results::add));
            expect(method, results, BLOCK_BYTES);
            if (!read.equals(written)) {
                throw new IOException("4 KiB that were written durably came back changed");
            }
            return time(method, file, written, results);
        } catch (IOException | RuntimeException e) {
            if (method.inFlight() == 0) {
                method.close();
            }
            throw e;
        }
    }

    /// It stays for the next start, which then needs no room on a disk that is full.
    private static LogFile file(LogDirectory directory) throws IOException {
        if (directory.exists(FILE_NAME)) {
            var kept = directory.open(FILE_NAME);
            if (kept.sizeBytes() == BLOCK_BYTES) {
                return kept;
            }
            kept.close();
            directory.delete(FILE_NAME);
        }
        return directory.create(FILE_NAME, BLOCK_BYTES);
    }

    private static long time(IoMethod method, LogFile file, ByteBuffer written, ArrayDeque<IoResult> results)
            throws IOException {
        var times = new long[TIMED_WRITES];
        var timed = 0;
        var start = System.nanoTime();
        for (var i = -WARM_UP_WRITES; i < TIMED_WRITES; i++) {
            var submitted = System.nanoTime();
            method.submitOrRun(new IoRequest.Write(file, written, 0, true, results::add));
            expect(method, results, BLOCK_BYTES);
            var now = System.nanoTime();
            var late = now - start > TIMING_LIMIT_NANOS;
            if (i >= 0 || late) {
                times[timed++] = now - submitted;
            }
            if (late) {
                break;
            }
        }
        Arrays.sort(times, 0, timed);
        return times[timed / 2];
    }

    private static void expect(IoMethod method, ArrayDeque<IoResult> results, int bytes) throws IOException {
        var start = System.nanoTime();
        for (var completed = method.poll(); results.isEmpty(); completed = method.poll()) {
            if (completed > 0) {
                continue;
            }
            var left = LIMIT_NANOS - (System.nanoTime() - start);
            if (left <= 0) {
                throw new IOException("no answer within " + LIMIT_NANOS / 1_000_000_000 + " seconds");
            }
            method.await(left);
        }
        switch (results.remove()) {
            case IoResult.Done(int done) -> {
                if (done != bytes) {
                    throw new IOException(done + " of " + bytes + " bytes were transferred");
                }
            }
            case IoResult.Failed failed -> throw new IOException(failed.message());
        }
    }

    private static ByteBuffer block() {
        return ByteBuffer.allocateDirect(2 * BLOCK_BYTES)
                .alignedSlice(BLOCK_BYTES)
                .slice(0, BLOCK_BYTES);
    }
}
