package io.taffrail.replication;

import io.taffrail.replication.protocol.LogView;
import io.taffrail.wal.Wal;
import io.taffrail.wal.WalException;
import io.taffrail.wal.WalReader;
import java.util.function.LongConsumer;

/// Answers the core's questions about the log: the entry behind a position names the chain before it.
///
/// @param doubt hears where bytes are not what was written
record ReaderView(Wal wal, WalReader reader, LongConsumer doubt) implements LogView {
    @Override
    public Chain chainAt(long lsn) {
        if (lsn == wal.receivedLsn()) {
            return new Chain.Known(wal.chainCrc());
        }
        if (lsn < wal.startLsn() || lsn > wal.receivedLsn()) {
            return new Chain.None();
        }
        try {
            return new Chain.Known(reader.header(lsn).chainPrevious());
        } catch (WalException.OutOfRange notABoundary) {
            return new Chain.None();
        } catch (WalException.BadEntry | WalException.Unusable damaged) {
            doubt.accept(lsn);
            return new Chain.Unreadable();
        }
    }
}
