package io.taffrail.streams;

import io.taffrail.wal.record.EntryHeader;
import java.nio.ByteBuffer;

/// What the log says up to `appliedLsn`: streams, producers, cursors. Replaced as a whole when the log is
/// cut, so a reader holds either the old or the new one. The loop writes.
final class LogState {
    private final StreamCatalog catalog = new StreamCatalog();
    private final ProducerTable producers = new ProducerTable();
    private long appliedLsn;
    private int chainCrc;
    private long unindexedBatches;

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

    void apply(EntryHeader header, ByteBuffer payload) {
        Checks.check(header.lsn() == appliedLsn, "S7 entries are applied in order: LSN", header.lsn(), appliedLsn);
        Checks.check(
                header.chainPrevious() == chainCrc, "S7 entries follow on: chain", header.chainPrevious(), chainCrc);
        switch (header.type()) {
            case RECORDS -> applyRecords(header, payload);
            case STREAM_CONTROL -> apply(StreamChangeCodec.decode(payload));
            case EPOCH_BEGIN, CONFIG -> {}
        }
        appliedLsn = header.endLsn();
        chainCrc = header.crc();
    }

    private void applyRecords(EntryHeader header, ByteBuffer payload) {
        var at = payload.position();
        if (payload.remaining() < RecordsPayload.PREFIX_BYTES) {
            throw new CorruptStateException("RECORDS payload at LSN %d: %d bytes, at least %d"
                    .formatted(header.lsn(), payload.remaining(), RecordsPayload.PREFIX_BYTES));
        }
        var stream = catalog.require(RecordsPayload.streamId(payload, at));
        var baseOffset = RecordsPayload.baseOffset(payload, at);
        var recordCount = RecordsPayload.recordCount(payload, at);
        var millis = RecordsPayload.timestampMillis(payload, at);
        stream.append(baseOffset, recordCount, header.lsn(), header.lengthBytes(), millis);
        unindexedBatches++;
        var producerId = RecordsPayload.producerId(payload, at);
        if (producerId == 0) {
            return;
        }
        var producer = producers.require(producerId);
        var epoch = RecordsPayload.producerEpoch(payload, at);
        Checks.check(epoch == producer.epoch(), "S3 producer epoch", epoch, producer.epoch());
        var window = stream.windows.get(producerId);
        if (window == null) {
            window = new SequenceWindow();
            stream.windows.put(producerId, window);
            producer.streams.put(stream.id, stream);
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
    }

    private void apply(StreamChange change) {
        switch (change) {
            case StreamChange.Created created -> catalog.create(created);
            case StreamChange.Updated updated ->
                catalog.require(updated.streamId()).configure(updated.config());
            case StreamChange.Deleted deleted -> delete(catalog.require(deleted.streamId()));
            case StreamChange.Trimmed trimmed ->
                catalog.require(trimmed.streamId()).trim(trimmed);
            case StreamChange.Fenced fenced ->
                catalog.require(fenced.streamId()).fence(fenced.fencingToken());
            case StreamChange.ProducerRegistered registered -> producers.register(registered);
            case StreamChange.ProducersExpired expired -> {
                for (var producer : producers.idleSince(expired.idleSinceMillis())) {
                    producer.streams.forEach(stream -> stream.windows.remove(producer.id));
                    producers.remove(producer);
                }
            }
            case StreamChange.CursorCommitted committed ->
                catalog.require(committed.streamId())
                        .cursors
                        .commit(committed.cursor(), committed.offset(), committed.atMillis());
            case StreamChange.CursorDeleted deleted ->
                catalog.require(deleted.streamId()).cursors.delete(deleted.cursor());
        }
    }

    private void delete(Stream stream) {
        for (var producerId : stream.windows.sortedProducerIds()) {
            producers.require(producerId).streams.remove(stream.id);
        }
        catalog.delete(stream);
    }
}
