package io.taffrail.streams;

import java.nio.ByteBuffer;

public sealed interface CommandDecision {
    /// Log a STREAM_CONTROL entry with this payload and apply it; the answer to the client is then what
    /// [StreamStore] shows.
    record Accepted(ByteBuffer payload) implements CommandDecision {}

    /// What was asked for is so already; answer once what is in the log now is Sync and Quorum.
    record Unchanged() implements CommandDecision {}

    record Refused(Refusal refusal) implements CommandDecision {}
}
