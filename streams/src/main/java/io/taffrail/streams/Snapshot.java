package io.taffrail.streams;

import java.util.List;

/// What changed between two checkpoints, as of `appliedLsn`. Taken on the loop, written elsewhere.
///
/// @param tails where the batches are that no index file holds
record Snapshot(
        long appliedLsn,
        int chainCrc,
        long nextStreamId,
        long nextProducerId,
        List<StreamImage> streams,
        List<Long> deletedStreams,
        List<ProducerImage> producers,
        List<Long> deletedProducers,
        List<Tail> tails) {
    /// The entries of a stream that were in memory: the first `count` of an index that is only appended to.
    record Tail(Stream stream, BatchIndex index, int count) {}
}
