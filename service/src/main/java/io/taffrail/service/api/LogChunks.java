package io.taffrail.service.api;

import io.taffrail.replication.Replica;
import io.taffrail.wal.WalReader;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// A view of the log for one step of one reader: a reader of the log, and memory that is used again.
///
/// What a reader of the log has in its window, and that it stands at an entry's start, is worth a disk read and the
/// check of a megabyte. So a step that goes on where another ended gets what that one had, whichever thread it was.
final class LogChunks {
    private static final int FIRST_CAPACITY_BYTES = 1 << 20;

    /// Those that no step has at the moment, the one longest unused first.
    static final class Pool {
        private final int mostIdle;
        private final ArrayDeque<LogChunks> idle = new ArrayDeque<>();

        /// @param mostIdle how many readers that take turns can each go on where they were
        Pool(int mostIdle) {
            this.mostIdle = mostIdle;
        }

        /// To be given back with [#giveBack].
        synchronized LogChunks lease(Replica replica, long lsn) {
            for (var chunks : idle) {
                // Within, too: a batch that did not fit into one response is begun again.
                if (chunks.startLsn <= lsn && lsn <= chunks.nextLsn && chunks.replica.equals(replica)) {
                    idle.remove(chunks);
                    return chunks;
                }
            }
            var oldest = idle.size() < mostIdle ? null : idle.remove();
            if (oldest != null && oldest.replica.equals(replica)) {
                return oldest;
            }
            if (oldest != null) {
                oldest.reader.close();
            }
            return new LogChunks(replica);
        }

        synchronized void giveBack(LogChunks chunks) {
            if (idle.size() < mostIdle) {
                idle.add(chunks);
            } else {
                chunks.reader.close();
            }
        }
    }

    private final Replica replica;
    private final WalReader reader;
    private ByteBuffer buffer = ByteBuffer.allocate(FIRST_CAPACITY_BYTES);
    private long startLsn = -1;
    private long nextLsn = -1;

    private LogChunks(Replica replica) {
        this.replica = replica;
        reader = replica.newReader();
    }

    /// Whole entries from `lsn` on and below `limitLsn`; fewer than there are if they do not fit. Valid until the next
    /// call. With `cachedOnly` no file is waited for, and null says that the first entry is not in memory.
    @Nullable
    ByteBuffer read(long lsn, long limitLsn, int atLeastBytes, boolean cachedOnly) {
        if (buffer.capacity() < atLeastBytes) {
            buffer = ByteBuffer.allocate(atLeastBytes);
        }
        buffer.clear();
        if (!cachedOnly) {
            reader.read(lsn, limitLsn, buffer);
        } else if (reader.readCached(lsn, limitLsn, buffer) == WalReader.NOT_IN_MEMORY) {
            return null;
        }
        buffer.flip();
        startLsn = lsn;
        nextLsn = lsn + buffer.limit();
        return buffer;
    }

    long epochAt(long lsn) {
        return reader.header(lsn).epoch();
    }
}
