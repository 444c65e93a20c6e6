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
                case Event.ControlEntry.Configured _ ->
                    throw new IllegalArgumentException("transcripts change no members");
            }
        }
        return to.flip();
    }

    static List<CoreNode.Entry> entries(ByteBuffer bytes) {
        var from = bytes.duplicate();
        var entries = new ArrayList<CoreNode.Entry>();
        while (from.hasRemaining()) {
            var end = new LogPosition(from.getLong(), from.getLong(), from.getInt());
            var begins = from.get() == 1;
            var start = new EpochStart(from.getLong(), from.getLong(), from.getLong(), from.getInt());
            entries.add(new CoreNode.Entry(end, begins ? new Event.ControlEntry.EpochBegun(start, end.lsn()) : null));
        }
        return entries;
    }
}
