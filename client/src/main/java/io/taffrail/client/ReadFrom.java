package io.taffrail.client;

import io.taffrail.proto.log.Edge;
import io.taffrail.proto.log.ReadRequest;

/// Where a reader begins.
public sealed interface ReadFrom {
    record Earliest() implements ReadFrom {}

    /// After what is there now.
    record Latest() implements ReadFrom {}

    record Offset(long offset) implements ReadFrom {}

    /// At the first batch that the leader stamped at this time or later.
    record Time(long timestampMillis) implements ReadFrom {}

    /// Where the cursor of this name stands.
    record Cursor(String name) implements ReadFrom {}

    static ReadFrom earliest() {
        return new Earliest();
    }

    static ReadFrom latest() {
        return new Latest();
    }

    static ReadFrom offset(long offset) {
        return new Offset(offset);
    }

    default void applyTo(ReadRequest.Builder request) {
        switch (this) {
            case Earliest() -> request.setEdge(Edge.EDGE_EARLIEST);
            case Latest() -> request.setEdge(Edge.EDGE_LATEST);
            case Offset(var offset) -> request.setOffset(offset);
            case Time(var timestampMillis) -> request.setTimestampMillis(timestampMillis);
            case Cursor(var name) -> request.setCursor(name);
        }
    }
}
