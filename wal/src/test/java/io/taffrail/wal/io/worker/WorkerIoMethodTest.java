package io.taffrail.wal.io.worker;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.taffrail.wal.io.DiskIoMethodContract;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoResult;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.file.Buffering;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
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
        private final ExecutorService workers = Executors.newFixedThreadPool(4);

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

        @Override
        protected IoMethod openMethod(LogDirectory directory) throws Exception {
            return new WorkerIoMethod(workers);
        }
    }
}
