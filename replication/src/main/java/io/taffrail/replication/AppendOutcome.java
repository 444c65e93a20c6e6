package io.taffrail.replication;

import io.taffrail.streams.Durability;
import io.taffrail.streams.Refusal;

public sealed interface AppendOutcome {
    /// @param reached the level that holds now, at least the one that was asked for
    record Acknowledged(
            long baseOffset,
            int recordCount,
            long lsnStart,
            long lsnEnd,
            long epoch,
            Durability reached,
            int copiesReceived,
            int copiesFlushed,
            boolean duplicate)
            implements AppendOutcome {}

    /// Nothing was logged.
    record Refused(Refusal refusal) implements AppendOutcome {}

    /// Logged, but leadership or the disk was lost before the level was reached: it may be kept or not.
    record Indeterminate(String message) implements AppendOutcome {}
}
