package io.taffrail.replication.protocol;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/// Entries of the test's logs as bytes, which the core hands through without looking.
final class Wire {
    private static final int ENTRY_BYTES = 49;

    private Wire() {}

    static ByteBuffer bytes(List<CoreNode.Entry> entries) {
        var to = ByteBuffer.allocate(entries.size() * ENTRY_BYTES);
        for (var entry : entries) {
            var end = entry.end();
            to.putLong(end.lsn()).putLong(end.epoch()).putInt(end.chainCrc());
            switch (entry.control()) {
                case null -> to.put((byte) 0).putLong(0).putLong(0).putLong(0).putInt(0);
                case Event.ControlEntry.EpochBegun(EpochStart start, long _) ->
                    to.put((byte) 1)
                            .putLong(start.epoch())
                            .putLong(start.startLsn())
                            .putLong(start.previousEpoch())
                            .putInt(start.chainAtStart());
                case Event.ControlEntry.Configured(Configuration configuration, long _) -> {
                    var voters = 0L;
                    for (var voter : configuration.voters()) {
                        voters |= 1L << voter.nodeId();
                    }
                    to.put((byte) 2)
                            .putLong(configuration.id())
                            .putLong(voters)
                            .putLong(0)
                            .putInt(0);
                }
            }
        }
        return to.flip();
    }

    static List<CoreNode.Entry> entries(ByteBuffer bytes) {
        var from = bytes.duplicate();
        var entries = new ArrayList<CoreNode.Entry>();
        while (from.hasRemaining()) {
            var end = new LogPosition(from.getLong(), from.getLong(), from.getInt());
            var kind = from.get();
            var start = new EpochStart(from.getLong(), from.getLong(), from.getLong(), from.getInt());
            entries.add(new CoreNode.Entry(
                    end,
                    switch (kind) {
                        case 1 -> new Event.ControlEntry.EpochBegun(start, end.lsn());
                        case 2 ->
                            new Event.ControlEntry.Configured(
                                    configuration(start.epoch(), start.startLsn()), end.lsn());
                        default -> null;
                    }));
        }
        return entries;
    }

    /// @param voters a bit for each
    private static Configuration configuration(long id, long voters) {
        var members = new ArrayList<Member>();
        for (var node = 0; node < Long.SIZE; node++) {
            if ((voters >> node & 1) == 1) {
                members.add(CoreNode.member(node));
            }
        }
        return new Configuration(id, members, List.of());
    }
}
