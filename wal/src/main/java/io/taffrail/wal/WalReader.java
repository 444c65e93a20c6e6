package io.taffrail.wal;

import io.taffrail.wal.record.EntryHeader;
import java.nio.ByteBuffer;

/// Reads entries by LSN, from memory where the tail is cached and else from the segment files, on the calling
/// thread. A checksum is verified before a byte from a file is returned. One thread at a time.
public interface WalReader extends AutoCloseable {
    /// Copies whole entries, from the one at `lsn` on and below `limitLsn`, into `target` until the next one
    /// does not fit; returns the bytes copied. 0: nothing below the limit, or `target` is smaller than the
    /// first entry. Throws [WalException.OutOfRange] if `lsn` is not the start of an entry of this log,
    /// [WalException.BadEntry] if the bytes of the first entry are corrupt; before a later one it stops.
    int read(long lsn, long limitLsn, ByteBuffer target);

    /// As [#read], of what is in memory alone: waits for no file. [#NOT_IN_MEMORY] if the first entry has left it.
    int readCached(long lsn, long limitLsn, ByteBuffer target);

    int NOT_IN_MEMORY = -1;

    /// The header of the entry at `lsn`.
    EntryHeader header(long lsn);

    @Override
    void close();
}
