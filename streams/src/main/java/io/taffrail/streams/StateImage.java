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

    /// @param digest the same for all that have applied the same log, whenever their checkpoints were written
    /// @param encodedBytes of streams and producers
    record Summary(long digest, long encodedBytes) {}

    long digest() {
        return summary().digest();
    }

    Summary summary() {
        var encodedBytes = 0L;
        var out = new ByteWriter();
        out.putLong(appliedLsn);
        out.putInt(chainCrc);
        out.putLong(nextStreamId);
        out.putLong(nextProducerId);
        var hash = Hash.mix(0, out.toBuffer());
        for (var producer : producers.values()) {
            out.clear();
            producer.encode(out);
            encodedBytes += out.size();
            hash = Hash.mix(hash, out.toBuffer());
        }
        for (var stream : streams.values()) {
            out.clear();
            stream.encode(out);
            encodedBytes += out.size();
            hash = Hash.mix(hash, out.toBuffer());
        }
        return new Summary(hash, encodedBytes);
    }
}
