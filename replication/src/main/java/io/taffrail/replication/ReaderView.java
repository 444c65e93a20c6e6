package io.taffrail.replication;

import io.taffrail.replication.protocol.LogView;
import io.taffrail.wal.Wal;
import io.taffrail.wal.WalException;
import io.taffrail.wal.WalReader;
import java.util.OptionalInt;

/// Answers the core's questions about the log: the entry behind a position names the chain before it.
record ReaderView(Wal wal, WalReader reader) implements LogView {
    @Override
    public OptionalInt chainCrcAt(long lsn) {
        if (lsn == wal.receivedLsn()) {
            return OptionalInt.of(wal.chainCrc());
        }
        if (lsn < wal.startLsn() || lsn > wal.receivedLsn()) {
            return OptionalInt.empty();
        }
        try {
            return OptionalInt.of(reader.header(lsn).chainPrevious());
        } catch (WalException.OutOfRange notABoundary) {
            return OptionalInt.empty();
        }
    }
}
