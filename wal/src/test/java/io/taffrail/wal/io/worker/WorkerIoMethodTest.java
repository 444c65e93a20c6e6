package io.taffrail.wal.io.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.wal.io.DiskIoMethodContract;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.io.IoResult;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.LogFile;
import io.taffrail.wal.io.Skip;
import io.taffrail.wal.io.file.Buffering;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadPoolExecutor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class WorkerIoMethodTest {
    @Nested
    class Buffered extends Contract {
        Buffered() {
            super(Buffering.BUFFERED);
        }
    }

    @Nested
    class Direct extends Contract {
        Direct() {
            super(Buffering.DIRECT);
        }
    }

    abstract static class Contract extends DiskIoMethodContract {
        private final ThreadPoolExecutor workers = (ThreadPoolExecutor) Executors.newFixedThreadPool(4);

        Contract(Buffering buffering) {
            super(buffering);
        }

        @AfterEach
        void endWorkers() {
            workers.shutdown();
        }

        @Test
        void failsWhatNoWorkerAccepts() throws Exception {
            try (var file = directory.create("a", BLOCK_BYTES)) {
                workers.shutdown();
                assertInstanceOf(IoResult.Failed.class, run(write(file, blocks(1), 0, true)));
            }
        }

        @Test
        void runsOnTheOwnersThreadOnceTheDiskHasBeenQuick() throws Exception {
            try (var file = directory.create("a", BLOCK_BYTES)) {
                Skip.unless(isMostlyQuick(file), "this disk is too slow at durable writes");
                var ranHere = false;
                for (var i = 0; i < 10_000 && !ranHere; i++) {
                    ranHere = writeRanHere(file);
                }
                assertTrue(ranHere);
            }
        }

        private static boolean isMostlyQuick(LogFile file) throws IOException {
            var quick = 0;
            for (var i = 0; i < 100; i++) {
                var startNanos = System.nanoTime();
                file.write(blocks(1), 0);
                file.force();
                quick += System.nanoTime() - startNanos <= WorkerIoMethod.QUICK_NANOS ? 1 : 0;
            }
            return quick >= 70;
        }

        /// Whether no worker was asked for a durable write.
        private boolean writeRanHere(LogFile file) {
            var asked = workers.getTaskCount();
            var results = new ArrayList<IoResult>();
            io.submitOrRun(new IoRequest.Write(file, blocks(1), 0, true, results::add));
            assertEquals(List.of(), results);
            while (results.isEmpty()) {
                io.await(LONG_NANOS);
                io.poll();
            }
            assertEquals(done(BLOCK_BYTES), results.getFirst());
            return workers.getTaskCount() == asked;
        }

        @Override
        protected IoMethod openMethod(LogDirectory directory) throws Exception {
            return new WorkerIoMethod(workers);
        }
    }
}
