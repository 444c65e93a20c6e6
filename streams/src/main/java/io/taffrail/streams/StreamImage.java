package io.taffrail.streams;

import java.util.List;

/// A stream as it was at one LSN, for a checkpoint: a value that nothing changes any more.
///
/// @param windows in the order of the producer ids
record StreamImage(
        long id,
        String name,
        StreamConfig config,
        long createdMillis,
        long startOffset,
        long nextOffset,
        long appendedBytes,
        long trimmedBytes,
        long lastMillis,
        long firstLsn,
        long firstMillis,
        long fencingToken,
        long batchesHash,
        List<CursorTable.Named> cursors,
        List<Window> windows) {
    record Window(long producerId, SequenceWindow window) {}

    void encode(ByteWriter out) {
        out.putLong(id);
        out.putString(name);
        StreamConfigCodec.encode(config, out);
        out.putLong(createdMillis);
        out.putLong(startOffset);
        out.putLong(nextOffset);
        out.putLong(appendedBytes);
        out.putLong(trimmedBytes);
        out.putLong(lastMillis);
        out.putLong(firstLsn);
        out.putLong(firstMillis);
        out.putLong(fencingToken);
        out.putLong(batchesHash);
        out.putInt(cursors.size());
        for (var cursor : cursors) {
            out.putString(cursor.name());
            out.putLong(cursor.position().offset());
            out.putLong(cursor.position().committedMillis());
        }
        out.putInt(windows.size());
        for (var window : windows) {
            out.putLong(window.producerId());
            window.window().encode(out);
        }
    }

    static StreamImage decode(ByteReader in) {
        return new StreamImage(
                in.takeId(),
                in.takeName(),
                StreamConfigCodec.decode(in),
                in.takeLong(),
                in.takeCount(),
                in.takeCount(),
                in.takeCount(),
                in.takeCount(),
                in.takeLong(),
                in.takeLong(),
                in.takeLong(),
                in.takeLong(),
                in.takeLong(),
                in.takeList(
                        19,
                        () -> new CursorTable.Named(
                                in.takeName(), new CursorTable.Position(in.takeCount(), in.takeLong()))),
                in.takeList(36, () -> new Window(in.takeId(), SequenceWindow.decode(in))));
    }
}
