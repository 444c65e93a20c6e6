package io.taffrail.replication.protocol;

/// Where an epoch's first entry stands, and what stands before it.
///
/// @param startLsn of the EPOCH_BEGIN entry
/// @param previousEpoch epoch of the entry before it, 0: none
/// @param chainAtStart `crc` of the entry before it
public record EpochStart(long epoch, long startLsn, long previousEpoch, int chainAtStart) {
    /// The end of what the epochs before it left.
    public LogPosition previousEnd() {
        return new LogPosition(startLsn, previousEpoch, chainAtStart);
    }
}
