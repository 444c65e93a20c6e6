package io.taffrail.streams;

import java.util.TreeMap;

/// The whole state at one LSN, apart from where batches are. Kept by the writer of checkpoints, which brings
/// it up to date with what changed since the last one; so a checkpoint costs the loop only what changed.
final class StateImage {
    final TreeMap<Long, StreamImage> streams = new TreeMap<>();
    final TreeMap<Long, ProducerImage> producers = new TreeMap<>();
    long appliedLsn;
    int chainCrc;
    long nextStreamId = 1;
    long nextProducerId = 1;

    void apply(Snapshot snapshot) {
        appliedLsn = snapshot.appliedLsn();
        chainCrc = snapshot.chainCrc();
        nextStreamId = snapshot.nextStreamId();
        nextProducerId = snapshot.nextProducerId();
        snapshot.deletedStreams().forEach(streams::remove);
        snapshot.deletedProducers().forEach(producers::remove);
        for (var stream : snapshot.streams()) {
            streams.put(stream.id(), stream);
        }
        for (var producer : snapshot.producers()) {
            producers.put(producer.id(), producer);
        }
    }

    /// First LSN that any stream still shows.
    long firstLsn() {
        var first = appliedLsn;
        for (var stream : streams.values()) {
            if (stream.firstLsn() != Stream.NONE) {
                first = Math.min(first, stream.firstLsn());
            }
        }
        return first;
    }

    /// The same for every replica that has applied the same log, whenever its checkpoints were written.
    long digest() {
        var out = new ByteWriter();
        out.putLong(appliedLsn);
        out.putInt(chainCrc);
        out.putLong(nextStreamId);
        out.putLong(nextProducerId);
        var hash = Hash.mix(0, out.toBuffer());
        for (var producer : producers.values()) {
            out.clear();
            producer.encode(out);
            hash = Hash.mix(hash, out.toBuffer());
        }
        for (var stream : streams.values()) {
            out.clear();
            stream.encode(out);
            hash = Hash.mix(hash, out.toBuffer());
        }
        return hash;
    }
}
