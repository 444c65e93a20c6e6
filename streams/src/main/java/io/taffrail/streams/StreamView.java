package io.taffrail.streams;

import java.util.OptionalLong;

/// A stream as it is now, or was when this was taken. Offsets here count what is received, committed or not.
public record StreamView(
        long streamId,
        String name,
        StreamConfig config,
        long startOffset,
        long nextOffset,
        long sizeBytes,
        long createdMillis,
        long lastAppendMillis,
        OptionalLong fencingToken) {}
