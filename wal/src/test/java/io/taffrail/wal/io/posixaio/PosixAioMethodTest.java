package io.taffrail.wal.io.posixaio;

import io.taffrail.wal.io.DiskIoMethodContract;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.file.Buffering;
import org.junit.jupiter.api.Nested;

class PosixAioMethodTest {
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
        Contract(Buffering buffering) {
            super(buffering);
        }

        @Override
        protected IoMethod openMethod(LogDirectory directory) throws Exception {
            return orSkip(() -> PosixAioMethod.open(Runnable::run));
        }
    }
}
