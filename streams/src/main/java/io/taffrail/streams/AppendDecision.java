package io.taffrail.streams;

import java.nio.ByteBuffer;

public sealed interface AppendDecision {
    /// Log a RECORDS entry whose payload is `prefix` and then the records' bytes, and apply it before the
    /// next decision.
    record Accepted(long baseOffset, Durability durability, ByteBuffer prefix) implements AppendDecision {}

    /// The batch is in the log already, where these numbers say; it is acknowledged when that entry reaches
    /// `durability`.
    record Duplicate(long baseOffset, int recordCount, long lsnStart, long lsnEnd, long epoch, Durability durability)
            implements AppendDecision {}

    record Refused(Refusal refusal) implements AppendDecision {}
}
