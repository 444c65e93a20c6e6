package io.taffrail.wal.io.selection;

import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.io.IoResult;
import io.taffrail.wal.io.LogDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/// A durable write, a flush and a read of a file of its own: a method that can be set up may still be refused
/// its operations by a sandbox or a file system.
final class Trial {
    static final String FILE_NAME = "io-trial";

    // A disk that takes longer than this for 4 KiB is of no use, and a method that never answers must not keep
    // the process from starting with another.
    private static final long LIMIT_NANOS = 30_000_000_000L;
    private static final int BLOCK_BYTES = 4096;

    private Trial() {}

    /// Closes the method if it fails, unless it is still at work: closing waits for that.
    static void run(IoMethod method, LogDirectory directory) throws IOException {
        if (directory.exists(FILE_NAME)) {
            directory.delete(FILE_NAME);
        }
        try (var file = directory.create(FILE_NAME, BLOCK_BYTES)) {
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
        } catch (IOException | RuntimeException e) {
            if (method.inFlight() == 0) {
                method.close();
            }
            throw e;
        } finally {
            directory.delete(FILE_NAME);
        }
    }

    private static void expect(IoMethod method, ArrayDeque<IoResult> results, int bytes) throws IOException {
        var start = System.nanoTime();
        while (results.isEmpty()) {
            var left = LIMIT_NANOS - (System.nanoTime() - start);
            if (left <= 0) {
                throw new IOException("no answer within " + LIMIT_NANOS / 1_000_000_000 + " seconds");
            }
            method.await(left);
            method.poll();
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
