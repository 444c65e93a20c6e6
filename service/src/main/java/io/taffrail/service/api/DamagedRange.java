package io.taffrail.service.api;

import io.taffrail.proto.log.Error;
import io.taffrail.replication.Replica;
import io.taffrail.streams.CorruptStateException;
import io.taffrail.streams.Refusal;
import io.taffrail.streams.StreamStore;
import io.taffrail.streams.StreamView;

/// Says which offsets of a stream stand where the log is damaged, so that a consumer can go on behind them. To be
/// tried again only where another replica may have what this one lacks: it is read there, or fills this one up.
final class DamagedRange {
    private DamagedRange() {}

    /// For a read that failed at `offset`. What is not known to be damaged is verified at once.
    static Error describe(Replica replica, StreamView stream, long offset) {
        try {
            return ofLog(replica, stream, offset);
        } catch (CorruptStateException index) {
            return ofIndex(replica, stream.name(), "offset " + offset + ": " + index.getMessage());
        }
    }

    /// For a read that failed before it was known where it begins.
    static Error ofBeginning(Replica replica, String stream, String detail) {
        return elsewhere(replica, "log is damaged where the read of stream \"" + stream + "\" begins: " + detail);
    }

    /// What is damaged there stays so until the offsets that it tells of are trimmed.
    static Error ofIndex(Replica replica, String stream, String detail) {
        return elsewhere(replica, "index of stream \"" + stream + "\" is damaged: " + detail);
    }

    private static Error elsewhere(Replica replica, String damage) {
        var others = hasOthers(replica);
        return error(
                "replica " + replica.status().nodeId() + "'s " + damage + (others ? "; read from another replica" : ""),
                others);
    }

    private static Error ofLog(Replica replica, StreamView stream, long offset) {
        var others = hasOthers(replica);
        var batch = replica.streams().locate(stream.streamId(), offset);
        if (batch == null) {
            return elsewhere(replica, "log is damaged at offset " + offset + " of stream \"" + stream.name() + "\"");
        }
        replica.doubt(batch.lsn());
        for (var damage : replica.scrub().damages()) {
            if (damage.covers(batch.lsn())) {
                var behind = firstAtOrBehind(replica.streams(), stream, offset, damage.toLsn());
                return error(
                        ("replica %s's log is damaged from LSN %s to %s: offsets %s to %s of stream \"%s\" cannot be"
                                        + " read there; %s, or go on at offset %s")
                                .formatted(
                                        replica.status().nodeId(),
                                        damage.fromLsn(),
                                        damage.toLsn(),
                                        batch.baseOffset(),
                                        behind - 1,
                                        stream.name(),
                                        others
                                                ? "read them from another replica"
                                                : "no other replica has them: restore them from a backup",
                                        behind),
                        others);
            }
        }
        return error(
                ("replica %s's log is damaged at LSN %s, where offset %s of stream \"%s\" stands: how far is being"
                                + " looked at; read from another replica, or try again")
                        .formatted(replica.status().nodeId(), batch.lsn(), offset, stream.name()),
                true);
    }

    private static boolean hasOthers(Replica replica) {
        return replica.status().voters().size() > 1;
    }

    private static Error error(String message, boolean retryable) {
        return GrpcStatusMapping.error(Refusal.of(Refusal.Code.DATA_LOSS, message), null).toBuilder()
                .setRetryable(retryable)
                .build();
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
