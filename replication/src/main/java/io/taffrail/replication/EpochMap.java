package io.taffrail.replication;

import io.taffrail.replication.protocol.EpochStart;
import java.util.Arrays;
import java.util.List;

/// Which epoch wrote which part of this replica's log, as a value for any thread: whether a position that a reader saw
/// elsewhere is in this log. An epoch and an LSN determine the bytes (I1), so no byte is looked at.
public final class EpochMap {
    private final long[] epochs;
    private final long[] startLsns;

    private EpochMap(long[] epochs, long[] startLsns) {
        this.epochs = epochs;
        this.startLsns = startLsns;
    }

    static EpochMap of(List<EpochStart> lineage) {
        return new EpochMap(
                lineage.stream().mapToLong(EpochStart::epoch).toArray(),
                lineage.stream().mapToLong(EpochStart::startLsn).toArray());
    }

    /// How a log relates to an entry that was seen in a log of the same history.
    public sealed interface Relation {
        /// It holds the entry, as far as is known.
        record Holds() implements Relation {}

        /// It does not reach so far yet.
        record Behind() implements Relation {}

        /// It holds something else there: an election discarded the entry. The logs part at `divergenceLsn`, where
        /// `epoch` begins.
        record Diverged(long divergenceLsn, long epoch) implements Relation {}
    }

    /// @param epoch of the entry that was seen
    /// @param lsn where that entry begins
    /// @param endLsn of this log
    public Relation relation(long epoch, long lsn, long endLsn) {
        if (lsn >= endLsn) {
            return epochs.length > 0 && epochs[epochs.length - 1] > epoch ? diverged(epoch) : new Relation.Behind();
        }
        var found = Arrays.binarySearch(startLsns, lsn);
        var owner = found >= 0 ? found : -found - 2;
        if (owner < 0 || epochs[owner] == epoch) {
            return new Relation.Holds();
        }
        return epochs[owner] > epoch ? diverged(epoch) : new Relation.Diverged(startLsns[owner], epochs[owner]);
    }

    /// At the first epoch after `epoch`, where that ended here.
    private Relation.Diverged diverged(long epoch) {
        var found = Arrays.binarySearch(epochs, epoch);
        var next = found >= 0 ? found + 1 : -found - 1;
        return new Relation.Diverged(startLsns[next], epochs[next]);
    }
}
