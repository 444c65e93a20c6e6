package io.taffrail.wal.segment;

/// Where a log goes on.
///
/// @param filePosition of the next group in the newest segment
/// @param nextSequence of the segment after it
public record LogEnd(long lsn, int chain, long epoch, int filePosition, long nextSequence) {}
