package io.taffrail.streams;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// A log in memory: what a store decided is appended to it and applied, as a replica does.
final class TestLog {
    record Entry(EntryHeader header, ByteBuffer payload) {}

    static final StreamConfig PLAIN = config(null, null);

    final List<Entry> entries = new ArrayList<>();
    long epoch = 1;
    long nowMillis = 1_000;
    StreamSettings settings = StreamSettings.DEFAULTS;

    static StreamConfig config(@Nullable CommitMode commit, @Nullable ReplicationMode replication) {
        return new StreamConfig(
                commit, replication, null, null, 0, 0, Collections.unmodifiableSortedMap(new TreeMap<>()));
    }

    static StreamConfig labelled(String value) {
        var labels = new TreeMap<>(Map.of("label", value));
        return new StreamConfig(CommitMode.SYNC, null, null, null, 0, 0, Collections.unmodifiableSortedMap(labels));
    }

    long endLsn() {
        return entries.isEmpty() ? 0 : entries.getLast().header().endLsn();
    }

    Entry append(StreamStore store, EntryType type, ByteBuffer... parts) {
        var size = 0;
        for (var part : parts) {
            size += part.remaining();
        }
        var payload = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        for (var part : parts) {
            payload.put(part.duplicate());
        }
        payload.flip();
        var previous = entries.isEmpty() ? 0 : entries.getLast().header().crc();
        var crc = new CRC32C();
        crc.update(payload.duplicate());
        crc.update(ByteBuffer.allocate(20)
                .putLong(endLsn())
                .putLong(epoch)
                .putInt(previous)
                .flip());
        var header =
                new EntryHeader((int) crc.getValue(), EntryHeader.SIZE_BYTES + size, endLsn(), epoch, previous, type);
        var entry = new Entry(header, payload);
        entries.add(entry);
        store.apply(header, payload.duplicate());
        return entry;
    }

    AppendDecision append(StreamStore store, AppendIntent intent) {
        var decision = store.decide(intent, settings);
        if (decision instanceof AppendDecision.Accepted accepted) {
            append(store, EntryType.RECORDS, accepted.prefix(), records(intent.recordsBytes()));
        }
        return decision;
    }

    CommandDecision execute(StreamStore store, StreamCommand command) {
        var decision = store.decide(command, settings, nowMillis);
        if (decision instanceof CommandDecision.Accepted accepted) {
            append(store, EntryType.STREAM_CONTROL, accepted.payload());
        }
        return decision;
    }

    void create(StreamStore store, String stream) {
        assertInstanceOf(
                CommandDecision.Accepted.class, execute(store, new StreamCommand.CreateStream(stream, PLAIN, false)));
    }

    /// Id of a producer that is new, at epoch 0.
    long register(StreamStore store, String name) {
        assertInstanceOf(CommandDecision.Accepted.class, execute(store, new StreamCommand.RegisterProducer(0, name)));
        var producer = store.producer(name);
        if (producer == null) {
            throw new AssertionError("not registered: " + name);
        }
        return producer.producerId();
    }

    /// The entries from the store's position on, below `endLsn`.
    void replay(StreamStore store, long endLsn) {
        for (var entry : entries) {
            if (entry.header().lsn() >= store.appliedLsn() && entry.header().endLsn() <= endLsn) {
                store.apply(entry.header(), entry.payload().duplicate());
            }
        }
    }

    void cut(long lsn) {
        entries.removeIf(entry -> entry.header().lsn() >= lsn);
    }

    AppendIntent plain(String stream, int recordCount) {
        return intent(stream, 0, 0, 0, recordCount, 7);
    }

    AppendIntent intent(String stream, long producerId, int epoch, long sequence, int recordCount, int crc) {
        return new AppendIntent(
                stream,
                null,
                null,
                producerId,
                epoch,
                sequence,
                OptionalLong.empty(),
                OptionalLong.empty(),
                recordCount,
                recordCount * 10,
                crc,
                nowMillis);
    }

    private static ByteBuffer records(int bytes) {
        return ByteBuffer.allocate(bytes);
    }
}
