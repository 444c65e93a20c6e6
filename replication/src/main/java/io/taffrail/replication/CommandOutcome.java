package io.taffrail.replication;

import io.taffrail.streams.Refusal;

/// What became of something that was asked of a [Replica].
public sealed interface CommandOutcome {
    /// What the method promises holds. A `StreamCommand` is in force, Sync and Quorum, up to `lsn`; of a flush
    /// everything below `lsn` has reached the level that was asked for; of a read index everything below `lsn`
    /// had been received by a majority. Otherwise `lsn` says how far the log had got, and may be 0.
    record Done(long lsn, long epoch) implements CommandOutcome {}

    /// Nothing is in force by it, as far as is known.
    sealed interface NotDone extends CommandOutcome {}

    record Refused(Refusal refusal) implements NotDone {}

    record Indeterminate(String message) implements NotDone {}
}
