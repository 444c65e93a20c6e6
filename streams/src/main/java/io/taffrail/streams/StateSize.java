package io.taffrail.streams;

import java.nio.charset.StandardCharsets;

/// What a checkpoint holds of each part of the state, in bytes: of a window the most that it can grow to, so that
/// only what adds or removes something changes the sum.
final class StateSize {
    static final int WINDOW_BYTES = 8 + SequenceWindow.MAX_ENCODED_BYTES;
    /// Eleven numbers, how many cursors, how many windows.
    private static final int STREAM_BYTES = 11 * 8 + 2 * 4;

    private static final int CURSOR_BYTES = 2 * 8;
    private static final int PRODUCER_BYTES = 8 + 4 + 8;

    private StateSize() {}

    /// Cursors and windows included.
    static long of(Stream stream) {
        var bytes = STREAM_BYTES + string(stream.name) + of(stream.config());
        for (var cursor : stream.cursors.image()) {
            bytes += ofCursor(cursor.name());
        }
        return bytes + (long) stream.windows.size() * WINDOW_BYTES;
    }

    static long of(StreamConfig config) {
        var out = new ByteWriter();
        StreamConfigCodec.encode(config, out);
        return out.size();
    }

    static long ofCursor(String name) {
        return CURSOR_BYTES + string(name);
    }

    static long of(Producer producer) {
        return PRODUCER_BYTES + string(producer.name);
    }

    private static long string(String text) {
        return 2L + text.getBytes(StandardCharsets.UTF_8).length;
    }
}
