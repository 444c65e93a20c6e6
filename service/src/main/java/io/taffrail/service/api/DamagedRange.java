package io.taffrail.service.api;

import io.taffrail.replication.Replica;
import io.taffrail.streams.StreamStore;
import io.taffrail.streams.StreamView;

/// Says which offsets of a stream stand where the log is damaged, so that a consumer can go on behind them.
final class DamagedRange {
    private DamagedRange() {}

    /// For a read that failed at `offset`. What is not known to be damaged is verified at once.
    static String describe(Replica replica, StreamView stream, long offset) {
        var batch = replica.streams().locate(stream.streamId(), offset);
        if (batch == null) {
            return "this replica's log is damaged at offset " + offset + ": read from another replica";
        }
        replica.doubt(batch.lsn());
        for (var damage : replica.scrub().damages()) {
            if (damage.covers(batch.lsn())) {
                var behind = firstAtOrBehind(replica.streams(), stream, offset, damage.toLsn());
                return ("this replica's log is damaged from LSN %s to %s: offsets %s to %s of stream \"%s\" cannot be read"
                                + " here; read them from another replica, or go on at offset %s")
                        .formatted(
                                damage.fromLsn(),
                                damage.toLsn(),
                                batch.baseOffset(),
                                behind - 1,
                                stream.name(),
                                behind);
            }
        }
        return ("this replica's log is damaged at LSN %s, where offset %s of stream \"%s\" stands: how far is being looked"
                        + " at; read from another replica, or try again")
                .formatted(batch.lsn(), offset, stream.name());
    }

    /// The stream's batches stand in the log in the order of their offsets.
    private static long firstAtOrBehind(StreamStore store, StreamView stream, long offset, long lsn) {
        var low = offset;
        var high = stream.nextOffset();
        while (low < high) {
            var middle = low + (high - low) / 2;
            var batch = store.locate(stream.streamId(), middle);
            if (batch == null || batch.lsn() >= lsn) {
                high = middle;
            } else {
                low = batch.endOffset();
            }
        }
        return low;
    }
}
