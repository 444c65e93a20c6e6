package io.taffrail.replication;

/// What a leader declared when its epoch began.
///
/// @param leader node id
/// @param startLsn of its EPOCH_BEGIN entry
/// @param tier 1: a majority of intact voters had testified; 2: all voters; 3: somebody was silent
/// @param possibleLoss records of earlier epochs that were acknowledged from memory may be missing
public record Election(long epoch, int leader, long startLsn, int tier, boolean possibleLoss) {}
