package io.taffrail.service.api;

import io.taffrail.replication.Replica;
import io.taffrail.wal.WalReader;
import java.nio.ByteBuffer;

/// A read thread's view of the log: its own reader, and memory that it uses again. One for each thread.
final class LogChunks {
    private static final int FIRST_CAPACITY_BYTES = 1 << 20;
    private static final ThreadLocal<LogChunks> OF_THREAD = new ThreadLocal<>();

    private final Replica replica;
    private final WalReader reader;
    private ByteBuffer buffer = ByteBuffer.allocate(FIRST_CAPACITY_BYTES);

    private LogChunks(Replica replica) {
        this.replica = replica;
        reader = replica.newReader();
    }

    static LogChunks of(Replica replica) {
        var chunks = OF_THREAD.get();
        if (chunks == null || !chunks.replica.equals(replica)) {
            if (chunks != null) {
                chunks.reader.close();
            }
            chunks = new LogChunks(replica);
            OF_THREAD.set(chunks);
        }
        return chunks;
    }

    /// Whole entries from `lsn` on and below `limitLsn`; fewer than there are if they do not fit. Valid until the next
    /// call of this thread.
    ByteBuffer read(long lsn, long limitLsn, int atLeastBytes) {
        if (buffer.capacity() < atLeastBytes) {
            buffer = ByteBuffer.allocate(atLeastBytes);
        }
        buffer.clear();
        reader.read(lsn, limitLsn, buffer);
        buffer.flip();
        return buffer;
    }

    long epochAt(long lsn) {
        return reader.header(lsn).epoch();
    }
}
