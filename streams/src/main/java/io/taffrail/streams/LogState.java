package io.taffrail.streams;

import io.taffrail.wal.record.EntryHeader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the log says up to `appliedLsn`: streams, producers, cursors. Replaced as a whole when the log is
/// cut, so a reader holds either the old or the new one. The loop writes.
final class LogState {
    private final StreamCatalog catalog = new StreamCatalog();
    private final ProducerTable producers = new ProducerTable();
    private long appliedLsn;
    private int chainCrc;
    private long unindexedBatches;
    private long sizeBytes;

    // What the next snapshot has to hold.
    private List<Stream> changedStreams = new ArrayList<>();
    private List<Producer> changedProducers = new ArrayList<>();
    private List<Long> deletedStreams = new ArrayList<>();
    private List<Long> deletedProducers = new ArrayList<>();
    private long trimmedBytes;

    // What was decided last is applied next: no second search. Of the loop.
    private @Nullable Stream recentStream;
    private @Nullable Producer recentProducer;

    LogState() {}

    LogState(StateImage image) {
        appliedLsn = image.appliedLsn;
        chainCrc = image.chainCrc;
        producers.restore(image.producers.values(), image.nextProducerId);
        catalog.restore(image.streams.values(), image.nextStreamId);
        for (var producer : producers.all()) {
            sizeBytes += StateSize.of(producer);
        }
        for (var stream : catalog.all()) {
            sizeBytes += StateSize.of(stream);
            for (var producerId : stream.windows.sortedProducerIds()) {
                producers.require(producerId).streams.put(stream.id, stream);
            }
        }
    }

    void addRuns(List<IndexFile.StreamRun> runs) {
        for (var item : runs) {
            var stream = catalog.get(item.streamId());
            if (stream != null) {
                stream.addRun(item.run());
            }
        }
    }

    StreamCatalog catalog() {
        return catalog;
    }

    ProducerTable producers() {
        return producers;
    }

    long appliedLsn() {
        return appliedLsn;
    }

    /// `crc` of the last entry that was applied, 0: none. The next one has to name it as its predecessor, so
    /// a state never goes on with a log that is not its own.
    int chainCrc() {
        return chainCrc;
    }

    /// Batches whose place only the memory knows.
    long unindexedBatches() {
        return unindexedBatches;
    }

    /// By [StateSize]: at least what a checkpoint would hold of it now. A function of the log, too.
    long sizeBytes() {
        return sizeBytes;
    }

    /// Loop thread.
    @Nullable
    Stream stream(String name) {
        var stream = catalog.get(name);
        recentStream = stream;
        return stream;
    }

    private Stream stream(long id) {
        var recent = recentStream;
        return recent != null && recent.id == id ? recent : catalog.require(id);
    }

    /// Loop thread.
    @Nullable
    Producer producer(long id) {
        var recent = recentProducer;
        if (recent == null || recent.id != id) {
            recent = producers.get(id);
            recentProducer = recent;
        }
        return recent;
    }

    void apply(EntryHeader header, ByteBuffer payload) {
        Checks.check(header.lsn() == appliedLsn, "S7 entries are applied in order: LSN", header.lsn(), appliedLsn);
        Checks.check(
                header.chainPrevious() == chainCrc, "S7 entries follow on: chain", header.chainPrevious(), chainCrc);
        switch (header.type()) {
            case RECORDS -> applyRecords(header, payload);
            case STREAM_CONTROL -> apply(StreamChangeCodec.decode(payload), header.endLsn());
            case EPOCH_BEGIN, CONFIG -> {}
        }
        appliedLsn = header.endLsn();
        chainCrc = header.crc();
    }

    private void applyRecords(EntryHeader header, ByteBuffer payload) {
        var at = payload.position();
        if (payload.remaining() < RecordsPayload.PREFIX_BYTES) {
            throw new CorruptStateException("RECORDS payload at LSN %s: %s bytes, at least %s"
                    .formatted(header.lsn(), payload.remaining(), RecordsPayload.PREFIX_BYTES));
        }
        var stream = stream(RecordsPayload.streamId(payload, at));
        var baseOffset = RecordsPayload.baseOffset(payload, at);
        var recordCount = RecordsPayload.recordCount(payload, at);
        var millis = RecordsPayload.timestampMillis(payload, at);
        stream.append(baseOffset, recordCount, header.lsn(), header.lengthBytes(), millis);
        unindexedBatches++;
        changed(stream);
        var producerId = RecordsPayload.producerId(payload, at);
        if (producerId == 0) {
            return;
        }
        var producer = producer(producerId);
        if (producer == null) {
            throw new IllegalStateException("S3 the log speaks of producer " + producerId + ", which does not exist");
        }
        var epoch = RecordsPayload.producerEpoch(payload, at);
        Checks.check(epoch == producer.epoch(), "S3 producer epoch", epoch, producer.epoch());
        var window = stream.windows.find(producerId);
        if (window == null) {
            window = new SequenceWindow();
            stream.windows.put(producerId, window);
            producer.streams.put(stream.id, stream);
            sizeBytes += StateSize.WINDOW_BYTES;
        }
        window.append(
                epoch,
                RecordsPayload.sequence(payload, at),
                baseOffset,
                recordCount,
                RecordsPayload.recordsCrc(payload, at),
                header.lsn(),
                header.lengthBytes(),
                header.epoch());
        producer.active(millis);
        changed(producer);
    }

    private void apply(StreamChange change, long endLsn) {
        switch (change) {
            case StreamChange.Created created -> sizeBytes += StateSize.of(changed(catalog.create(created)));
            case StreamChange.Updated updated -> {
                var stream = changed(catalog.require(updated.streamId()));
                sizeBytes += StateSize.of(updated.config()) - StateSize.of(stream.config());
                stream.configure(updated.config());
            }
            case StreamChange.Deleted deleted -> delete(catalog.require(deleted.streamId()));
            case StreamChange.Trimmed trimmed -> {
                var stream = changed(catalog.require(trimmed.streamId()));
                var sizeBytes = stream.sizeBytes();
                stream.trim(trimmed);
                trimmedBytes += sizeBytes - stream.sizeBytes();
            }
            case StreamChange.Fenced fenced ->
                changed(catalog.require(fenced.streamId())).fence(fenced.fencingToken());
            case StreamChange.ProducerRegistered registered -> {
                var count = producers.size();
                var producer = changed(producers.register(registered, endLsn));
                sizeBytes += producers.size() > count ? StateSize.of(producer) : 0;
            }
            case StreamChange.ProducersExpired expired -> expire(expired.idleSinceMillis());
            case StreamChange.CursorCommitted committed -> {
                var cursors = changed(catalog.require(committed.streamId())).cursors;
                sizeBytes += cursors.get(committed.cursor()) == null ? StateSize.ofCursor(committed.cursor()) : 0;
                cursors.commit(committed.cursor(), committed.offset(), committed.atMillis());
            }
            case StreamChange.CursorDeleted deleted -> {
                changed(catalog.require(deleted.streamId())).cursors.delete(deleted.cursor());
                sizeBytes -= StateSize.ofCursor(deleted.cursor());
            }
        }
    }

    private void expire(long idleSinceMillis) {
        for (var producer : producers.idleSince(idleSinceMillis)) {
            sizeBytes -= StateSize.of(producer) + (long) producer.streams.size() * StateSize.WINDOW_BYTES;
            producer.streams.forEach(stream -> changed(stream).windows.remove(producer.id));
            producers.remove(producer);
            recentProducer = null;
            deletedProducers.add(producer.id);
        }
    }

    private void delete(Stream stream) {
        for (var producerId : stream.windows.sortedProducerIds()) {
            producers.require(producerId).streams.remove(stream.id);
        }
        sizeBytes -= StateSize.of(stream);
        catalog.delete(stream);
        recentStream = null;
        unindexedBatches -= stream.index().count();
        trimmedBytes += stream.sizeBytes();
        deletedStreams.add(stream.id);
    }

    private Stream changed(Stream stream) {
        if (!stream.changed) {
            stream.changed = true;
            changedStreams.add(stream);
        }
        return stream;
    }

    private Producer changed(Producer producer) {
        if (!producer.changed) {
            producer.changed = true;
            changedProducers.add(producer);
        }
        return producer;
    }

    /// Log that trims and deletions gave up since the last snapshot.
    long trimmedBytes() {
        return trimmedBytes;
    }

    /// What changed since the last one. Time goes with the streams and producers that changed; batches are
    /// not copied.
    Snapshot snapshot() {
        var streams = new ArrayList<StreamImage>(changedStreams.size());
        var tails = new ArrayList<Snapshot.Tail>(changedStreams.size());
        for (var stream : changedStreams) {
            stream.changed = false;
            if (stream.equals(catalog.get(stream.id))) {
                streams.add(stream.image());
                var index = stream.index();
                if (index.count() > 0) {
                    tails.add(new Snapshot.Tail(stream, index, index.count()));
                }
            }
        }
        var images = new ArrayList<ProducerImage>(changedProducers.size());
        for (var producer : changedProducers) {
            producer.changed = false;
            if (producer.equals(producers.get(producer.id))) {
                images.add(producer.image());
            }
        }
        var snapshot = new Snapshot(
                appliedLsn,
                chainCrc,
                catalog.nextId(),
                producers.nextId(),
                streams,
                deletedStreams,
                images,
                deletedProducers,
                tails);
        changedStreams = new ArrayList<>();
        changedProducers = new ArrayList<>();
        deletedStreams = new ArrayList<>();
        deletedProducers = new ArrayList<>();
        trimmedBytes = 0;
        return snapshot;
    }

    /// The snapshot was not written: the next one has to hold all of it again.
    void markChanged(Snapshot snapshot) {
        for (var image : snapshot.streams()) {
            var stream = catalog.get(image.id());
            if (stream != null) {
                changed(stream);
            }
        }
        for (var image : snapshot.producers()) {
            var producer = producers.get(image.id());
            if (producer != null) {
                changed(producer);
            }
        }
        deletedStreams.addAll(snapshot.deletedStreams());
        deletedProducers.addAll(snapshot.deletedProducers());
    }

    /// So many batches are in an index file now.
    void indexed(Stream stream, int count) {
        // A deleted stream's were taken off when it went.
        if (stream.equals(catalog.get(stream.id))) {
            unindexedBatches -= count;
        }
    }

    /// All of it, for a digest.
    StateImage image() {
        var image = new StateImage();
        image.appliedLsn = appliedLsn;
        image.chainCrc = chainCrc;
        image.nextStreamId = catalog.nextId();
        image.nextProducerId = producers.nextId();
        for (var stream : catalog.all()) {
            image.streams.put(stream.id, stream.image());
        }
        for (var producer : producers.all()) {
            image.producers.put(producer.id, producer.image());
        }
        return image;
    }
}
