package io.taffrail.simulation.crash;

import io.taffrail.streams.AppendDecision;
import io.taffrail.streams.AppendIntent;
import io.taffrail.streams.CommandDecision;
import io.taffrail.streams.StreamCommand;
import io.taffrail.streams.StreamConfig;
import io.taffrail.streams.StreamSettings;
import io.taffrail.streams.StreamStore;
import io.taffrail.streams.StreamStoreConfig;
import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/// Entries of a log as a leader decides them: streams made, appended to, trimmed and deleted, cursors, producers.
final class StreamHistory {
    record Entry(EntryHeader header, ByteBuffer payload) {}

    private static final StreamConfig PLAIN =
            new StreamConfig(null, null, null, null, 0, 0, Collections.unmodifiableSortedMap(new TreeMap<>()));

    private final List<Entry> entries = new ArrayList<>();

    /// The first `kept` entries of `before`, then `count` of its own, decided by `store`, which is empty and takes
    /// them.
    static StreamHistory after(StreamHistory before, int kept, int count, long seed, StreamStore store) {
        var history = new StreamHistory();
        history.entries.addAll(before.entries.subList(0, kept));
        history.apply(store, 0, kept);
        history.decide(store, count, new SplittableRandom(seed));
        return history;
    }

    static StreamHistory of(int count, long seed, StreamStore store) {
        return after(new StreamHistory(), 0, count, seed, store);
    }

    int size() {
        return entries.size();
    }

    long endLsn(int count) {
        return count == 0 ? 0 : entries.get(count - 1).header().endLsn();
    }

    void apply(StreamStore store, int from, int to) {
        for (var entry : entries.subList(from, to)) {
            store.apply(entry.header(), entry.payload().duplicate());
        }
    }

    /// What the store does not hold yet, up to the first `count` entries, as a replica that starts reads its log.
    void replay(StreamStore store, int count) {
        for (var entry : entries.subList(0, count)) {
            if (entry.header().lsn() >= store.appliedLsn()) {
                store.apply(entry.header(), entry.payload().duplicate());
            }
        }
    }

    private void decide(StreamStore store, int count, SplittableRandom random) {
        var target = entries.size() + count;
        var sequence = 0L;
        for (var stream : List.of("a", "b", "c")) {
            execute(store, new StreamCommand.CreateStream(stream, PLAIN, true));
        }
        execute(store, new StreamCommand.RegisterProducer(0, "producer"));
        while (entries.size() < target) {
            var stream = List.of("a", "b", "c").get(random.nextInt(3));
            switch (random.nextInt(12)) {
                case 0 -> trim(store, stream, random);
                case 1 -> {
                    execute(store, new StreamCommand.DeleteStream(stream));
                    execute(store, new StreamCommand.CreateStream(stream, PLAIN, true));
                }
                default -> append(store, stream, 1 + random.nextInt(5), sequence++);
            }
        }
    }

    private void trim(StreamStore store, String stream, SplittableRandom random) {
        var view = store.stream(stream);
        if (view != null && view.nextOffset() > view.startOffset()) {
            var kept = random.nextLong(view.nextOffset() - view.startOffset());
            execute(store, new StreamCommand.TrimStream(stream, view.nextOffset() - kept));
        }
    }

    private void append(StreamStore store, String stream, int records, long time) {
        var intent = new AppendIntent(
                stream,
                null,
                null,
                0,
                0,
                0,
                OptionalLong.empty(),
                OptionalLong.empty(),
                records,
                10 * records,
                7,
                time);
        if (store.decide(intent, StreamSettings.DEFAULTS) instanceof AppendDecision.Accepted accepted) {
            log(store, EntryType.RECORDS, accepted.prefix(), ByteBuffer.allocate(10 * records));
        }
    }

    private void execute(StreamStore store, StreamCommand command) {
        if (store.decide(command, StreamSettings.DEFAULTS, 1_000) instanceof CommandDecision.Accepted accepted) {
            log(store, EntryType.STREAM_CONTROL, accepted.payload(), ByteBuffer.allocate(0));
        }
    }

    private void log(StreamStore store, EntryType type, ByteBuffer first, ByteBuffer second) {
        var payload = ByteBuffer.allocate(first.remaining() + second.remaining())
                .put(first.duplicate())
                .put(second)
                .flip();
        var lsn = endLsn(entries.size());
        var previous = entries.isEmpty() ? 0 : entries.getLast().header().crc();
        var crc = new CRC32C();
        crc.update(payload.duplicate());
        crc.update(ByteBuffer.allocate(12).putLong(lsn).putInt(previous).flip());
        var header = new EntryHeader(
                (int) crc.getValue(), EntryHeader.SIZE_BYTES + payload.remaining(), lsn, 1, previous, type);
        entries.add(new Entry(header, payload));
        store.apply(header, payload.duplicate());
    }

    /// Every batch that can be read, and where it is: what index files and memory say together.
    static List<String> places(StreamStore store) {
        var places = new ArrayList<String>();
        for (var view : store.streams("", "", 100)) {
            for (var offset = view.startOffset(); offset < view.nextOffset(); offset++) {
                places.add(view.streamId() + "/" + offset + " " + store.locate(view.streamId(), offset));
            }
        }
        return places;
    }

    /// Checkpoints every few entries, small index files that are soon merged.
    static final StreamStoreConfig SMALL =
            new StreamStoreConfig(1_500, 0, 1_000, 1_000, 1_000, 1_000, 1 << 30, 1_000_000, 2, 2, 1_000_000);
}
