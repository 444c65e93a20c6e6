package io.taffrail.streams;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CommandDecisionTest {
    private final TestLog log = new TestLog();
    private StreamStore store;

    @BeforeEach
    void openStore() {
        store = StreamStore.open(new MemoryDirectory(), Runnable::run, StreamStoreConfig.DEFAULTS);
        log.create(store, "s");
    }

    @Test
    void neverUsesAnIdTwice() {
        var first = requireNonNull(store.stream("s")).streamId();
        log.execute(store, new StreamCommand.DeleteStream("s"));
        assertNull(store.stream("s"));
        log.create(store, "s");
        assertTrue(requireNonNull(store.stream("s")).streamId() > first);
    }

    @Test
    void aNameIsOneTo255BytesOfUtf8WithoutControlCharacters() {
        for (var good : List.of("a", "a/b c", "\u65e5\u672c", "\ud83d\ude00", "x".repeat(255))) {
            log.create(store, good);
        }
        for (var bad : List.of("", "x".repeat(256), "\u00e9".repeat(128), "a\nb", "a\u0000", "a\u0085", "\ud83d")) {
            var refusal = refused(new StreamCommand.CreateStream(bad, TestLog.PLAIN, false));
            assertEquals(Refusal.Code.INVALID_ARGUMENT, refusal.code());
            assertEquals(1, refusal.message().lines().count());
        }
        assertTrue(refused(new StreamCommand.CreateStream("", TestLog.PLAIN, false))
                .message()
                .contains("1 to 255 bytes of UTF-8 without control characters"));
    }

    @Test
    void boundsLabels() {
        var labels = new TreeMap<String, String>();
        for (var i = 0; i < 65; i++) {
            labels.put("k" + i, "v");
        }
        assertEquals(Refusal.Code.INVALID_ARGUMENT, refused(labelled(labels)).code());
        labels.clear();
        labels.put("k", "v".repeat(1025));
        assertEquals(Refusal.Code.INVALID_ARGUMENT, refused(labelled(labels)).code());
        labels.put("k", "v".repeat(1024));
        assertInstanceOf(CommandDecision.Accepted.class, log.execute(store, labelled(labels)));
        labels.put("later", "not seen by the store");
        assertEquals(
                1, requireNonNull(store.stream("labelled")).config().labels().size());
    }

    @Test
    void creatingTwiceIsAnErrorUnlessAskedFor() {
        assertEquals(
                Refusal.Code.STREAM_EXISTS,
                refused(new StreamCommand.CreateStream("s", TestLog.PLAIN, false))
                        .code());
        assertInstanceOf(
                CommandDecision.Unchanged.class,
                log.execute(store, new StreamCommand.CreateStream("s", TestLog.PLAIN, true)));
    }

    @Test
    void aStreamsModesReachTheFloor() {
        log.settings = new StreamSettings(
                Durability.SAFEST_DEFAULT, new Durability(CommitMode.SYNC, ReplicationMode.QUORUM), 0, 0);
        var refusal = refused(new StreamCommand.CreateStream("t", TestLog.config(CommitMode.ASYNC, null), false));
        assertEquals(Refusal.Code.BELOW_MINIMUM, refusal.code());
        assertEquals("commit_mode ASYNC: the minimum is SYNC", refusal.message());
        var floor = new StreamConfig(null, null, null, ReplicationMode.ASYNC, 0, 0, TestLog.PLAIN.labels());
        assertEquals(
                "minimum_replication_mode ASYNC: the minimum is QUORUM",
                refused(new StreamCommand.UpdateStream("s", floor)).message());
    }

    @Test
    void trimsWithinTheStreamAndCountsWhatIsLeft() {
        log.append(store, log.plain("s", 4));
        log.append(store, log.plain("s", 4));
        log.append(store, log.plain("s", 4));
        var last = log.entries.getLast().header();

        var refusal = refused(new StreamCommand.TrimStream("s", 13));
        assertEquals(Refusal.Code.OUT_OF_RANGE, refusal.code());
        assertEquals(OptionalLong.of(12), refusal.nextOffset());

        log.execute(store, new StreamCommand.TrimStream("s", 9));
        assertEquals(last.lengthBytes(), requireNonNull(store.stream("s")).sizeBytes());
        assertNull(store.locate(1, 8));
        assertEquals(8, requireNonNull(store.locate(1, 9)).baseOffset());
        assertEquals(OptionalLong.of(9), store.offsetAt(1, Long.MIN_VALUE));
        assertInstanceOf(CommandDecision.Unchanged.class, log.execute(store, new StreamCommand.TrimStream("s", 5)));

        log.execute(store, new StreamCommand.TrimStream("s", 12));
        assertEquals(0, requireNonNull(store.stream("s")).sizeBytes());
        assertEquals(OptionalLong.empty(), store.offsetAt(1, 0));
        log.append(store, log.plain("s", 1));
        assertEquals(12, requireNonNull(store.locate(1, 12)).baseOffset());
    }

    @Test
    void aFencingTokenOnlyGrows() {
        log.execute(store, new StreamCommand.FenceStream("s", 5));
        assertEquals(
                Refusal.Code.FENCED,
                refused(new StreamCommand.FenceStream("s", 4)).code());
        assertInstanceOf(CommandDecision.Unchanged.class, log.execute(store, new StreamCommand.FenceStream("s", 5)));
        assertEquals(
                Refusal.Code.INVALID_ARGUMENT,
                refused(new StreamCommand.FenceStream("s", -1)).code());
    }

    @Test
    void aNamedProducerKeepsItsIdAndGetsTheNextEpoch() {
        var id = log.register(store, "p");
        log.execute(store, new StreamCommand.RegisterProducer(0, "p"));
        assertEquals(new StreamStore.ProducerView(id, 1, "p"), store.producer("p"));
        log.execute(store, new StreamCommand.RegisterProducer(id, ""));
        assertEquals(2, requireNonNull(store.producer(id)).epoch());
        assertEquals(
                Refusal.Code.UNKNOWN_PRODUCER,
                refused(new StreamCommand.RegisterProducer(99, "")).code());
        assertEquals(
                Refusal.Code.INVALID_ARGUMENT,
                refused(new StreamCommand.RegisterProducer(id, "q")).code());
    }

    @Test
    void eachRegistrationIsAnsweredWithItsOwnEpoch() {
        log.execute(store, new StreamCommand.RegisterProducer(0, ""));
        var first = log.endLsn();
        log.execute(store, new StreamCommand.RegisterProducer(0, ""));
        var second = log.endLsn();
        log.execute(store, new StreamCommand.RegisterProducer(1, ""));
        var third = log.endLsn();
        assertEquals(new StreamStore.ProducerView(1, 0, ""), store.registration(first));
        assertEquals(new StreamStore.ProducerView(2, 0, ""), store.registration(second));
        assertEquals(new StreamStore.ProducerView(1, 1, ""), store.registration(third));
        assertNull(store.registration(third + 1));
    }

    @Test
    void aCursorMovesOnlyFromWhereItIsExpected() {
        log.append(store, log.plain("s", 4));
        var commit = new StreamCommand.CommitCursor("s", "c", 2, OptionalLong.of(0));
        assertInstanceOf(CommandDecision.Accepted.class, log.execute(store, commit));
        assertEquals(Refusal.Code.OFFSET_MISMATCH, refused(commit).code());
        assertEquals(new CursorView("s", "c", 2, log.nowMillis), store.cursor("s", "c"));
        assertEquals(
                Refusal.Code.OUT_OF_RANGE,
                refused(new StreamCommand.CommitCursor("s", "c", 5, OptionalLong.empty()))
                        .code());
        log.execute(store, new StreamCommand.DeleteCursor("s", "c"));
        assertEquals(
                Refusal.Code.CURSOR_NOT_FOUND,
                refused(new StreamCommand.DeleteCursor("s", "c")).code());
    }

    @Test
    void listsStreamsInOrderByPrefixAndPage() {
        for (var name : List.of("b/2", "a", "b/1", "b/3", "c")) {
            log.create(store, name);
        }
        assertEquals(List.of("b/1", "b/2"), names(store.streams("b/", "", 2)));
        assertEquals(List.of("b/3"), names(store.streams("b/", "b/2", 2)));
        assertEquals(List.of("a", "b/1", "b/2", "b/3", "c", "s"), names(store.streams("", "", 10)));
        assertEquals(List.of(), names(store.streams("b/", "c", 10)));
    }

    @Test
    void refusesMoreThanItsLimits() {
        var tight = new StreamStoreConfig(1, 0, 1, 1, 1, 1, 1 << 30, 100, 1, 2, 1);
        store = StreamStore.open(new MemoryDirectory(), Runnable::run, tight);
        log.entries.clear();
        log.create(store, "s");
        assertEquals(
                Refusal.Code.TOO_LARGE,
                refused(new StreamCommand.CreateStream("t", TestLog.PLAIN, false))
                        .code());
        log.execute(store, new StreamCommand.RegisterProducer(0, ""));
        assertEquals(
                Refusal.Code.TOO_LARGE,
                refused(new StreamCommand.RegisterProducer(0, "")).code());
        log.execute(store, new StreamCommand.CommitCursor("s", "c", 0, OptionalLong.empty()));
        assertEquals(
                Refusal.Code.TOO_LARGE,
                refused(new StreamCommand.CommitCursor("s", "d", 0, OptionalLong.empty()))
                        .code());
    }

    @Test
    void addsNothingToAStateThatIsTooLargeAndTakesAway() {
        store = StreamStore.open(
                new MemoryDirectory(),
                Runnable::run,
                new StreamStoreConfig(1 << 20, 0, 100, 100, 100, 100, 2_000, 100, 2, 2, 1_000));
        log.entries.clear();
        log.create(store, "s");
        log.create(store, "t");
        var producer = log.register(store, "p");
        log.append(store, log.intent("s", producer, 0, 0, 1, 7));
        log.execute(store, new StreamCommand.CommitCursor("s", "c", 0, OptionalLong.empty()));
        log.execute(store, new StreamCommand.UpdateStream("s", TestLog.labelled("v".repeat(1_024))));
        var fillers = 0;
        for (; store.stateBytes() < 2_000; fillers++) {
            log.create(store, "filler-" + fillers);
        }

        var bytes = store.stateBytes();
        for (var adding : List.of(
                new StreamCommand.CreateStream("u", TestLog.PLAIN, false),
                new StreamCommand.UpdateStream("t", TestLog.labelled("v")),
                new StreamCommand.RegisterProducer(0, ""),
                new StreamCommand.CommitCursor("s", "d", 0, OptionalLong.empty()))) {
            var refusal = refused(adding);
            assertEquals(Refusal.Code.TOO_LARGE, refusal.code());
            assertTrue(refusal.message().contains(bytes + " bytes"), refusal.message());
            assertTrue(refusal.message().contains("from 2000 on: delete streams"), refusal.message());
        }
        var window = assertInstanceOf(
                AppendDecision.Refused.class, log.append(store, log.intent("t", producer, 0, 0, 1, 7)));
        assertEquals(Refusal.Code.TOO_LARGE, window.refusal().code());
        assertEquals(bytes, store.stateBytes());

        // What is there goes on.
        assertInstanceOf(AppendDecision.Accepted.class, log.append(store, log.intent("s", producer, 0, 1, 1, 7)));
        assertInstanceOf(AppendDecision.Accepted.class, log.append(store, log.plain("t", 1)));
        for (var keeping : List.of(
                new StreamCommand.CreateStream("t", TestLog.PLAIN, true),
                new StreamCommand.CommitCursor("s", "c", 2, OptionalLong.empty()),
                new StreamCommand.RegisterProducer(producer, ""),
                new StreamCommand.UpdateStream("s", TestLog.labelled("w".repeat(1_024))),
                new StreamCommand.TrimStream("s", 1),
                new StreamCommand.FenceStream("s", 1))) {
            assertFalse(log.execute(store, keeping) instanceof CommandDecision.Refused, keeping.toString());
        }
        assertEquals(bytes, store.stateBytes());

        log.execute(store, new StreamCommand.UpdateStream("s", TestLog.labelled("")));
        log.create(store, "u");
    }

    private static StreamCommand labelled(SortedMap<String, String> labels) {
        return new StreamCommand.CreateStream(
                "labelled", new StreamConfig(null, null, null, null, 0, 0, labels), false);
    }

    private static List<String> names(List<StreamView> views) {
        return views.stream().map(StreamView::name).toList();
    }

    private Refusal refused(StreamCommand command) {
        return assertInstanceOf(CommandDecision.Refused.class, log.execute(store, command))
                .refusal();
    }
}
