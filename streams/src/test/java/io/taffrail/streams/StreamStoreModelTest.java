package io.taffrail.streams;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.taffrail.wal.record.EntryType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Random histories, with checkpoints, restarts and cuts of the log at random places, against [NaiveState].
/// A failure names its seed.
class StreamStoreModelTest {
    private static final StreamStoreConfig SMALL =
            new StreamStoreConfig(1_000, 0, 1_000, 1_000, 1_000, 1_000, 1 << 30, 1_000_000, 2, 2, 1_000);
    private static final int STEPS = 1_500;

    /// What the histories must have come across; a test that never does proves nothing about it.
    private static final Set<String> SEEN = new TreeSet<>();

    private final TestLog log = new TestLog();
    private MemoryDirectory directory = new MemoryDirectory();
    private final ArrayDeque<Runnable> jobs = new ArrayDeque<>();
    private NaiveState model = new NaiveState();

    @AfterAll
    static void theHistoriesWereInteresting() {
        assertEquals(
                Set.of(
                        "cut back to a checkpoint",
                        "cut back to nothing",
                        "duplicate",
                        "index file",
                        "log no longer needed",
                        "merged twice",
                        "mismatch",
                        "refused FENCED",
                        "refused OUT_OF_SEQUENCE",
                        "refused UNKNOWN_PRODUCER",
                        "restarted from a checkpoint"),
                SEEN);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
    void agreesWithAListOfAllThatEverHappened(long seed) {
        var random = new SplittableRandom(seed);
        var inline = random.nextBoolean();
        Executor executor = inline ? Runnable::run : jobs::add;
        var store = StreamStore.open(directory, executor, SMALL);
        for (var step = 0; step < STEPS; step++) {
            log.nowMillis += random.nextInt(-5, 20);
            var before = log.entries.size();
            var event = random.nextInt(100);
            if (event < 60) {
                append(store, random);
            } else if (event < 88) {
                command(store, random);
            } else if (event < 90) {
                log.epoch++;
                log.append(store, EntryType.EPOCH_BEGIN, ByteBuffer.allocate(24));
            } else if (event < 96) {
                if (random.nextBoolean() && !jobs.isEmpty()) {
                    jobs.remove().run();
                }
            } else if (event < 98) {
                store = restart(store, executor, random.nextBoolean());
            } else {
                cut(store, random);
                before = log.entries.size();
            }
            store.checkpointIfDue(log.endLsn() - random.nextInt(400));
            for (var entry : log.entries.subList(before, log.entries.size())) {
                model.apply(entry.header(), entry.payload().duplicate().order(ByteOrder.LITTLE_ENDIAN));
            }
            compare(store, random, step % 50 == 0);
            notice(store);
        }
        var fresh = StreamStore.open(new MemoryDirectory(), Runnable::run, SMALL);
        log.replay(fresh, log.endLsn());
        assertEquals(fresh.digest(), store.digest(), "the state must not depend on checkpoints");
        assertEquals(fresh.stateBytes(), store.stateBytes());
        assertEquals(
                0,
                store.findings().stream()
                        .filter(line -> line.contains("skipped"))
                        .count());
    }

    private void notice(StreamStore store) {
        for (var file : directory.list()) {
            if (file.endsWith("-0.index")) {
                SEEN.add("index file");
            }
            if (file.endsWith("-2.index")) {
                SEEN.add("merged twice");
            }
        }
        if (store.neededLsn() > 0) {
            SEEN.add("log no longer needed");
        }
    }

    private StreamStore restart(StreamStore store, Executor executor, boolean crash) {
        var digest = store.digest();
        var bytes = store.stateBytes();
        if (crash) {
            // What was not written is gone, and the old process writes nothing into the new one's folder.
            jobs.clear();
            directory = directory.copy();
        } else {
            store.close();
        }
        var restarted = StreamStore.open(directory, executor, SMALL);
        if (restarted.appliedLsn() > 0) {
            SEEN.add("restarted from a checkpoint");
        }
        log.replay(restarted, log.endLsn());
        assertEquals(digest, restarted.digest());
        assertEquals(bytes, restarted.stateBytes());
        return restarted;
    }

    private void cut(StreamStore store, SplittableRandom random) {
        if (log.entries.isEmpty()) {
            return;
        }
        var kept = Math.max(0, log.entries.size() - random.nextInt(1, 80));
        var lsn = log.entries.get(kept).header().lsn();
        store.truncated(lsn);
        SEEN.add(store.appliedLsn() > 0 ? "cut back to a checkpoint" : "cut back to nothing");
        log.cut(lsn);
        log.epoch++;
        log.replay(store, log.endLsn());
        assertEquals(log.endLsn(), store.appliedLsn());
        model = NaiveState.of(log.entries);
    }

    private void append(StreamStore store, SplittableRandom random) {
        var name = name(random);
        var stream = model.streams.get(name);
        var producer = random.nextInt(3) == 0 ? 0 : random.nextInt(1, 12);
        var known = model.producers.get((long) producer);
        var epoch = known == null ? 0 : known.epoch + (random.nextInt(20) == 0 ? random.nextInt(-1, 2) : 0);
        var appended = stream == null
                ? 0
                : stream.of(producer).stream()
                        .filter(batch -> batch.epoch() == epoch)
                        .count();
        var sequence = Math.max(0, appended + (random.nextInt(4) == 0 ? random.nextInt(-7, 3) : 0));
        var repeats = stream != null && producer != 0;
        var intent = log.intent(name, producer, Math.max(0, epoch), sequence, 1 + (int) (sequence % 3), (int) sequence);
        if (repeats && random.nextInt(30) == 0) {
            intent = log.intent(name, producer, Math.max(0, epoch), sequence, 1 + (int) (sequence % 3), -1);
        }
        if (stream != null && stream.token >= 0 && random.nextInt(10) > 0) {
            intent = new AppendIntent(
                    name,
                    null,
                    null,
                    producer,
                    intent.producerEpoch(),
                    sequence,
                    OptionalLong.empty(),
                    OptionalLong.of(stream.token),
                    intent.recordCount(),
                    intent.recordsBytes(),
                    intent.recordsCrc(),
                    log.nowMillis);
        }
        var decision = log.append(store, intent);
        if (stream == null) {
            assertEquals(Refusal.Code.STREAM_NOT_FOUND, code(decision));
            return;
        }
        if (producer != 0) {
            var first = model.duplicate(stream, intent);
            if (first != null) {
                if (first.crc() == intent.recordsCrc()) {
                    var at = first.location();
                    assertEquals(
                            new AppendDecision.Duplicate(
                                    at.baseOffset(),
                                    at.recordCount(),
                                    at.lsn(),
                                    at.endLsn(),
                                    first.logEpoch(),
                                    Durability.SAFEST_DEFAULT),
                            decision);
                    SEEN.add("duplicate");
                } else {
                    SEEN.add("mismatch");
                    assertEquals(Refusal.Code.DUPLICATE_MISMATCH, code(decision));
                }
                return;
            }
            var refusal = model.refusal(stream, intent);
            if (refusal != null) {
                SEEN.add("refused " + refusal);
                assertEquals(refusal, code(decision));
                return;
            }
        }
        if (stream.token >= 0 && intent.fencingToken().isEmpty()) {
            assertEquals(Refusal.Code.FENCED, code(decision));
        } else {
            assertEquals(
                    stream.next,
                    assertInstanceOf(AppendDecision.Accepted.class, decision).baseOffset());
        }
    }

    private void command(StreamStore store, SplittableRandom random) {
        var name = name(random);
        var stream = model.streams.get(name);
        var next = stream == null ? 10 : stream.next;
        var command = switch (random.nextInt(20)) {
            case 0, 1, 2, 3, 4 -> new StreamCommand.CreateStream(name, TestLog.PLAIN, random.nextBoolean());
            case 5 ->
                random.nextInt(4) == 0
                        ? new StreamCommand.DeleteStream(name)
                        : new StreamCommand.UpdateStream(name, TestLog.labelled("v".repeat(random.nextInt(4))));
            case 6, 7, 8 -> new StreamCommand.TrimStream(name, random.nextLong(next + 2));
            case 9 -> new StreamCommand.FenceStream(name, random.nextInt(6));
            case 10, 11, 12 ->
                new StreamCommand.RegisterProducer(0, random.nextBoolean() ? "" : "p" + random.nextInt(5));
            case 13 -> new StreamCommand.RegisterProducer(random.nextInt(1, 12), "");
            case 14 -> new StreamCommand.ExpireProducers(log.nowMillis - random.nextInt(400, 4_000));
            case 15 -> new StreamCommand.DeleteCursor(name, "c" + random.nextInt(4));
            default ->
                new StreamCommand.CommitCursor(
                        name, "c" + random.nextInt(4), random.nextLong(next + 1), OptionalLong.empty());
        };
        var decision = log.execute(store, command);
        if (command instanceof StreamCommand.CreateStream create) {
            var expected = stream == null
                    ? CommandDecision.Accepted.class
                    : create.ifNotExists() ? CommandDecision.Unchanged.class : CommandDecision.Refused.class;
            assertInstanceOf(expected, decision);
        }
    }

    private void compare(StreamStore store, SplittableRandom random, boolean all) {
        assertEquals(model.streams.size(), store.streamCount());
        for (var stream : model.streams.values()) {
            if (!all && random.nextInt(6) != 0) {
                continue;
            }
            var view = store.stream(stream.name);
            assertNotNull(view);
            assertEquals(stream.id, view.streamId());
            assertEquals(stream.start, view.startOffset());
            assertEquals(stream.next, view.nextOffset());
            assertEquals(stream.sizeBytes(), view.sizeBytes());
            assertEquals(stream.config, view.config());
            assertEquals(stream.token, view.fencingToken().orElse(-1));
            for (var i = 0; i < (all ? 20 : 3); i++) {
                var offset = random.nextLong(stream.next + 2);
                assertEquals(stream.locate(offset), store.locate(stream.id, offset));
                assertEquals(stream.locate(offset, 4), store.locate(stream.id, offset, 4));
                var millis = log.nowMillis - random.nextInt(-20, 6_000);
                assertEquals(stream.offsetAt(millis), store.offsetAt(stream.id, millis));
            }
            assertEquals(
                    stream.cursors.values().stream().toList(),
                    store.cursors(stream.name).stream().map(CursorView::offset).toList());
            for (var id : model.producers.keySet()) {
                var own = stream.of(id);
                var records = own.stream()
                        .mapToLong(batch -> batch.location().recordCount())
                        .sum();
                var progress = store.progress(id, stream.name);
                assertEquals(records, progress.appendedRecords());
                assertEquals(
                        own.isEmpty()
                                ? OptionalLong.empty()
                                : OptionalLong.of(own.getLast().location().endOffset() - 1),
                        progress.lastOffset());
            }
        }
        for (var id = 1L; id < 12; id++) {
            var expected = model.producers.get(id);
            var view = store.producer(id);
            if (expected == null) {
                assertNull(view);
            } else {
                assertEquals(new StreamStore.ProducerView(id, expected.epoch, expected.name), view);
            }
        }
        assertEquals(
                model.streams.keySet().stream().toList(),
                store.streams("", "", 100).stream().map(StreamView::name).toList());
    }

    private static String name(SplittableRandom random) {
        return "s" + random.nextInt(8);
    }

    private static Refusal.Code code(AppendDecision decision) {
        return assertInstanceOf(AppendDecision.Refused.class, decision)
                .refusal()
                .code();
    }
}
