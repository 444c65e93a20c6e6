package io.taffrail.streams;

import io.taffrail.wal.record.EntryHeader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The state as a list of everything that ever happened, searched from end to end: slow and plainly right.
final class NaiveState {
    record Batch(BatchLocation location, long producerId, int epoch, long sequence, int crc, long logEpoch) {}

    static final class NaiveStream {
        long id;
        String name = "";
        StreamConfig config = TestLog.PLAIN;
        long created;
        long start;
        long next;
        long token = -1;
        final List<Batch> batches = new ArrayList<>();
        final TreeMap<String, Long> cursors = new TreeMap<>();

        @Nullable
        BatchLocation locate(long offset) {
            for (var batch : batches) {
                var at = batch.location();
                if (offset >= start && at.baseOffset() <= offset && offset < at.endOffset()) {
                    return at;
                }
            }
            return null;
        }

        List<BatchLocation> locate(long offset, int limit) {
            var found = new ArrayList<BatchLocation>();
            for (var batch : batches) {
                if (locate(offset) != null && batch.location().endOffset() > offset && found.size() < limit) {
                    found.add(batch.location());
                }
            }
            return found;
        }

        OptionalLong offsetAt(long millis) {
            for (var batch : batches) {
                if (batch.location().timestampMillis() >= millis
                        && batch.location().endOffset() > start) {
                    return OptionalLong.of(Math.max(start, batch.location().baseOffset()));
                }
            }
            return OptionalLong.empty();
        }

        long sizeBytes() {
            return batches.stream()
                    .filter(batch -> batch.location().endOffset() > start)
                    .mapToLong(batch -> batch.location().lengthBytes())
                    .sum();
        }

        List<Batch> of(long producerId) {
            return batches.stream()
                    .filter(batch -> batch.producerId() == producerId)
                    .toList();
        }
    }

    static final class NaiveProducer {
        String name = "";
        int epoch;
        long active;
    }

    final Map<String, NaiveStream> streams = new TreeMap<>();
    final Map<Long, NaiveProducer> producers = new TreeMap<>();

    static NaiveState of(List<TestLog.Entry> entries) {
        var state = new NaiveState();
        for (var entry : entries) {
            state.apply(entry.header(), entry.payload().duplicate().order(ByteOrder.LITTLE_ENDIAN));
        }
        return state;
    }

    void apply(EntryHeader header, ByteBuffer payload) {
        switch (header.type()) {
            case RECORDS -> append(header, payload);
            case STREAM_CONTROL -> apply(StreamChangeCodec.decode(payload));
            case EPOCH_BEGIN, CONFIG -> {}
        }
    }

    private void append(EntryHeader header, ByteBuffer payload) {
        var stream = byId(payload.getLong(0));
        var base = payload.getLong(8);
        var millis = payload.getLong(16);
        var producer = payload.getLong(24);
        var count = payload.getInt(44);
        stream.batches.add(new Batch(
                new BatchLocation(base, count, header.lsn(), header.lengthBytes(), millis),
                producer,
                payload.getInt(40),
                payload.getLong(32),
                payload.getInt(48),
                header.epoch()));
        stream.next = base + count;
        if (producer != 0) {
            var known = producer(producer);
            known.active = Math.max(known.active, millis);
        }
    }

    private void apply(StreamChange change) {
        switch (change) {
            case StreamChange.Created created -> {
                var stream = new NaiveStream();
                stream.id = created.streamId();
                stream.name = created.name();
                stream.config = created.config();
                stream.created = created.atMillis();
                streams.put(stream.name, stream);
            }
            case StreamChange.Updated updated -> byId(updated.streamId()).config = updated.config();
            case StreamChange.Deleted deleted -> streams.remove(byId(deleted.streamId()).name);
            case StreamChange.Trimmed trimmed -> byId(trimmed.streamId()).start = trimmed.startOffset();
            case StreamChange.Fenced fenced -> byId(fenced.streamId()).token = fenced.fencingToken();
            case StreamChange.ProducerRegistered registered -> {
                var producer = producers.computeIfAbsent(registered.producerId(), id -> new NaiveProducer());
                producer.name = registered.name();
                producer.epoch = registered.epoch();
                producer.active = Math.max(producer.active, registered.atMillis());
            }
            case StreamChange.ProducersExpired expired ->
                producers.values().removeIf(producer -> producer.active < expired.idleSinceMillis());
            case StreamChange.CursorCommitted committed ->
                byId(committed.streamId()).cursors.put(committed.cursor(), committed.offset());
            case StreamChange.CursorDeleted deleted ->
                byId(deleted.streamId()).cursors.remove(deleted.cursor());
        }
    }

    NaiveStream byId(long id) {
        return streams.values().stream()
                .filter(stream -> stream.id == id)
                .findFirst()
                .orElseThrow();
    }

    NaiveProducer producer(long id) {
        var producer = producers.get(id);
        if (producer == null) {
            throw new AssertionError("no producer " + id);
        }
        return producer;
    }

    /// What must come of an append by a producer: null, it is to be appended.
    Refusal.@Nullable Code refusal(NaiveStream stream, AppendIntent intent) {
        var producer = producers.get(intent.producerId());
        if (producer == null || intent.producerEpoch() > producer.epoch) {
            return Refusal.Code.UNKNOWN_PRODUCER;
        }
        if (intent.producerEpoch() < producer.epoch) {
            return Refusal.Code.FENCED;
        }
        var own = stream.of(intent.producerId()).stream()
                .filter(batch -> batch.epoch() == intent.producerEpoch())
                .toList();
        return intent.sequence() == own.size() ? null : Refusal.Code.OUT_OF_SEQUENCE;
    }

    /// The batch that the append repeats, if it is among the last five.
    @Nullable
    Batch duplicate(NaiveStream stream, AppendIntent intent) {
        var producer = producers.get(intent.producerId());
        if (producer == null || producer.epoch != intent.producerEpoch()) {
            return null;
        }
        var own = stream.of(intent.producerId()).stream()
                .filter(batch -> batch.epoch() == intent.producerEpoch())
                .toList();
        for (var batch : own.subList(Math.max(0, own.size() - 5), own.size())) {
            if (batch.sequence() == intent.sequence()) {
                return batch;
            }
        }
        return null;
    }
}
