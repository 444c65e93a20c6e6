package io.taffrail.replication;

import io.taffrail.replication.codec.ControlEntryCodec;
import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;

/// The newest elections that stand in the part of the log that this process has appended or replayed: whoever asks
/// every few seconds misses none. The log itself has all.
final class RecentElections {
    private static final int MOST = 16;

    private final ArrayDeque<Election> elections = new ArrayDeque<>(MOST);

    void apply(EntryHeader header, ByteBuffer payload) {
        if (header.type() != EntryType.EPOCH_BEGIN) {
            return;
        }
        var begin = ControlEntryCodec.epochBegin(payload);
        if (elections.size() == MOST) {
            elections.removeFirst();
        }
        elections.addLast(
                new Election(begin.start().epoch(), begin.leader(), header.lsn(), begin.tier(), begin.possibleLoss()));
    }

    void truncated(long endLsn) {
        elections.removeIf(election -> election.startLsn() >= endLsn);
    }

    void clear() {
        elections.clear();
    }

    /// Oldest first.
    List<Election> list() {
        return List.copyOf(elections);
    }
}
