package io.taffrail.replication.protocol;

import java.util.Arrays;

/// The arithmetic of the six watermarks, over the voters' positions.
///
/// A log ships as a prefix, so a level that holds for an LSN holds for all below it.
final class CommitTracker {
    private CommitTracker() {}

    /// Where one voter stands, as counted by the leader.
    record Copy(long received, long flushed, boolean inSync) {
        static final Copy NONE = new Copy(0, 0, false);
    }

    /// @param own the leader's copy; always counted, always in sync
    /// @param others one for each other voter
    /// @param fromMemoryCounts false: asynchronous quorum appends wait for flushes, because no voter more than a
    /// majority is intact (situation-aware updates, Alagappan et al., OSDI 2018)
    static Watermarks watermarks(Copy own, Copy[] others, boolean fromMemoryCounts) {
        var voters = others.length + 1;
        var received = new long[voters];
        var flushed = new long[voters];
        received[0] = own.received();
        flushed[0] = own.flushed();
        var allReceived = own.received();
        var allFlushed = own.flushed();
        for (var i = 0; i < others.length; i++) {
            received[i + 1] = others[i].received();
            flushed[i + 1] = others[i].flushed();
            if (others[i].inSync()) {
                allReceived = Math.min(allReceived, others[i].received());
                allFlushed = Math.min(allFlushed, others[i].flushed());
            }
        }
        var quorumFlushed = majority(flushed);
        var quorumReceived = fromMemoryCounts ? majority(received) : quorumFlushed;
        return new Watermarks(
                own.received(),
                own.flushed(),
                quorumReceived,
                quorumFlushed,
                Math.min(quorumReceived, allReceived),
                Math.min(quorumFlushed, allFlushed));
    }

    /// The largest value that a majority has reached. Sorts its argument.
    static long majority(long[] positions) {
        Arrays.sort(positions);
        var majority = positions.length / 2 + 1;
        return positions[positions.length - majority];
    }
}
