package io.taffrail.replication;

import io.taffrail.streams.Refusal;

/// What became of a `StreamCommand` or a flush.
public sealed interface CommandOutcome {
    /// In force, Sync and Quorum, up to `lsn`.
    record Done(long lsn, long epoch) implements CommandOutcome {}

    /// Nothing is in force by it, as far as is known.
    sealed interface NotDone extends CommandOutcome {}

    record Refused(Refusal refusal) implements NotDone {}

    record Indeterminate(String message) implements NotDone {}
}
