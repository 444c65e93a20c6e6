package io.taffrail.simulation.check;

import io.taffrail.replication.AppendOutcome;

/// An append that a client was told is done.
///
/// @param leaderEpoch in which its leader said so; `entryEpoch` is older if the batch was appended to an earlier one
/// @param entryCrc of the entry in the acknowledging leader's log at that time: stands for it and all before it
/// @param atNanos true time at which the leader said so
public record Acknowledgement(
        long operation,
        int nodeId,
        int life,
        long atNanos,
        AppendOutcome.Acknowledged outcome,
        long leaderEpoch,
        long entryEpoch,
        int entryCrc) {}
