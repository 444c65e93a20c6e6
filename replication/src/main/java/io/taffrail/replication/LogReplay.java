package io.taffrail.replication;

import io.taffrail.wal.Wal;
import io.taffrail.wal.WalConfig;
import io.taffrail.wal.WalReader;
import io.taffrail.wal.record.EntryHeader;
import java.nio.ByteBuffer;

/// Entries one after another: out of a log, or out of a buffer of whole entries.
final class LogReplay {
    private static final int CHUNK_BYTES = 1 << 20;

    private LogReplay() {}

    static void replay(WalReader reader, long fromLsn, long endLsn, Wal.EntryConsumer consumer) {
        var chunk = ByteBuffer.allocate(CHUNK_BYTES);
        var lsn = fromLsn;
        while (lsn < endLsn) {
            chunk.clear();
            var read = reader.read(lsn, endLsn, chunk);
            if (read == 0) {
                chunk = ByteBuffer.allocate(WalConfig.MAX_ENTRY_BYTES);
                continue;
            }
            chunk.flip();
            each(chunk, consumer);
            lsn += read;
        }
    }

    static void each(ByteBuffer entries, Wal.EntryConsumer consumer) {
        var at = entries.position();
        while (at < entries.limit()) {
            var header = EntryHeader.read(entries, at);
            var payload = entries.duplicate().limit(at + header.lengthBytes()).position(at + EntryHeader.SIZE_BYTES);
            consumer.accept(header, payload);
            at += header.lengthBytes();
        }
    }
}
