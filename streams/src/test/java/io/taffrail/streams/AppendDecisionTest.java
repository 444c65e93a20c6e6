package io.taffrail.streams;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import java.nio.ByteBuffer;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AppendDecisionTest {
    private final TestLog log = new TestLog();
    private StreamStore store;

    @BeforeEach
    void openStore() {
        store = StreamStore.open(new MemoryDirectory(), Runnable::run, StreamStoreConfig.DEFAULTS);
        log.create(store, "s");
    }

    @Test
    void offsetsCountRecordsAndHaveNoGaps() {
        assertEquals(0, accepted(log.append(store, log.plain("s", 3))).baseOffset());
        assertEquals(3, accepted(log.append(store, log.plain("s", 1))).baseOffset());
        assertEquals(4, requireNonNull(store.stream("s")).nextOffset());
    }

    @Test
    void refusesAnEmptyBatchAndAnUnknownStream() {
        assertEquals(
                Refusal.Code.INVALID_ARGUMENT,
                refused(log.append(store, log.plain("s", 0))).code());
        assertEquals(
                Refusal.Code.STREAM_NOT_FOUND,
                refused(log.append(store, log.plain("t", 1))).code());
    }

    @Test
    void answersARetryWithTheFirstNumbers() {
        var producer = log.register(store, "p");
        log.epoch = 4;
        log.append(store, log.intent("s", producer, 0, 0, 2, 11));
        var entry = log.entries.getLast().header();
        log.epoch = 9;

        var again = assertInstanceOf(
                AppendDecision.Duplicate.class, log.append(store, log.intent("s", producer, 0, 0, 2, 11)));

        assertEquals(
                new AppendDecision.Duplicate(0, 2, entry.lsn(), entry.endLsn(), 4, Durability.SAFEST_DEFAULT), again);
        assertEquals(2, requireNonNull(store.stream("s")).nextOffset());
    }

    @Test
    void answersARetryThoughTheStreamHasMovedOn() {
        var producer = log.register(store, "p");
        var first = withExpected(log.intent("s", producer, 0, 0, 1, 11), 0);
        log.append(store, first);
        log.execute(store, new StreamCommand.FenceStream("s", 5));

        assertInstanceOf(AppendDecision.Duplicate.class, log.append(store, first));
    }

    @Test
    void remembersTheLastFiveBatchesOfAProducerInAStream() {
        var producer = log.register(store, "p");
        for (var sequence = 0; sequence < 8; sequence++) {
            accepted(log.append(store, log.intent("s", producer, 0, sequence, 1, sequence)));
        }
        for (var sequence = 3; sequence < 8; sequence++) {
            var duplicate = assertInstanceOf(
                    AppendDecision.Duplicate.class,
                    log.append(store, log.intent("s", producer, 0, sequence, 1, sequence)));
            assertEquals(sequence, duplicate.baseOffset());
        }
        assertEquals(
                Refusal.Code.OUT_OF_SEQUENCE,
                refused(log.append(store, log.intent("s", producer, 0, 2, 1, 2)))
                        .code());
    }

    @Test
    void findsASequenceThatIsUsedForOtherBytes() {
        var producer = log.register(store, "p");
        log.append(store, log.intent("s", producer, 0, 0, 2, 11));
        assertEquals(
                Refusal.Code.DUPLICATE_MISMATCH,
                refused(log.append(store, log.intent("s", producer, 0, 0, 2, 12)))
                        .code());
        assertEquals(
                Refusal.Code.DUPLICATE_MISMATCH,
                refused(log.append(store, log.intent("s", producer, 0, 0, 3, 11)))
                        .code());
    }

    @Test
    void tellsAProducerWhatItLost() {
        var producer = log.register(store, "p");
        log.append(store, log.intent("s", producer, 0, 0, 4, 11));
        var refusal = refused(log.append(store, log.intent("s", producer, 0, 2, 1, 12)));
        assertEquals(Refusal.Code.OUT_OF_SEQUENCE, refusal.code());
        assertEquals(OptionalLong.of(0), refusal.lastSequence());
        assertEquals(OptionalLong.of(3), refusal.lastOffset());

        var empty = refused(log.append(store, log.intent("s", log.register(store, "q"), 0, 1, 1, 12)));
        assertEquals(Refusal.Code.OUT_OF_SEQUENCE, empty.code());
        assertTrue(empty.lastSequence().isEmpty());
    }

    @Test
    void fencesAnEarlierInstanceAndTellsTheLaterOneWhereToGoOn() {
        var producer = log.register(store, "p");
        log.append(store, log.intent("s", producer, 0, 0, 3, 11));
        log.append(store, log.intent("s", producer, 0, 1, 1, 12));
        log.execute(store, new StreamCommand.RegisterProducer(producer, ""));

        assertEquals(new StreamStore.ProducerProgress(4, OptionalLong.of(3)), store.progress(producer, "s"));
        assertEquals(
                Refusal.Code.FENCED,
                refused(log.append(store, log.intent("s", producer, 0, 2, 1, 13)))
                        .code());
        var ahead = refused(log.append(store, log.intent("s", producer, 1, 2, 1, 13)));
        assertEquals(Refusal.Code.OUT_OF_SEQUENCE, ahead.code());
        assertTrue(ahead.lastSequence().isEmpty());
        assertEquals(OptionalLong.of(3), ahead.lastOffset());
        // The same bytes as the first epoch's first batch: a new one all the same.
        assertEquals(
                4,
                accepted(log.append(store, log.intent("s", producer, 1, 0, 3, 11)))
                        .baseOffset());
        assertInstanceOf(AppendDecision.Duplicate.class, log.append(store, log.intent("s", producer, 1, 0, 3, 11)));
        assertEquals(new StreamStore.ProducerProgress(7, OptionalLong.of(6)), store.progress(producer, "s"));
    }

    @Test
    void knowsOnlyProducersAndEpochsThatWereRegistered() {
        var producer = log.register(store, "p");
        assertEquals(
                Refusal.Code.UNKNOWN_PRODUCER,
                refused(log.append(store, log.intent("s", producer + 1, 0, 0, 1, 1)))
                        .code());
        assertEquals(
                Refusal.Code.UNKNOWN_PRODUCER,
                refused(log.append(store, log.intent("s", producer, 1, 0, 1, 1)))
                        .code());
    }

    @Test
    void forgetsAProducerThatWasIdleAndNeverTakesItBackSilently() {
        var producer = log.register(store, "p");
        log.append(store, log.intent("s", producer, 0, 0, 1, 11));
        assertInstanceOf(
                CommandDecision.Unchanged.class, log.execute(store, new StreamCommand.ExpireProducers(log.nowMillis)));
        log.execute(store, new StreamCommand.ExpireProducers(log.nowMillis + 1));

        assertEquals(
                Refusal.Code.UNKNOWN_PRODUCER,
                refused(log.append(store, log.intent("s", producer, 0, 1, 1, 12)))
                        .code());
        assertTrue(log.register(store, "p") > producer);
    }

    @Test
    void appendsOnlyAtTheExpectedOffset() {
        log.append(store, log.plain("s", 2));
        var refusal = refused(log.append(store, withExpected(log.plain("s", 1), 1)));
        assertEquals(Refusal.Code.OFFSET_MISMATCH, refusal.code());
        assertEquals(OptionalLong.of(2), refusal.nextOffset());
        accepted(log.append(store, withExpected(log.plain("s", 1), 2)));
    }

    @Test
    void asksForTheFencingTokenWhereThereIsOne() {
        accepted(log.append(store, withToken(log.plain("s", 1), 3)));
        log.execute(store, new StreamCommand.FenceStream("s", 7));
        assertEquals(
                Refusal.Code.FENCED,
                refused(log.append(store, log.plain("s", 1))).code());
        assertEquals(
                Refusal.Code.FENCED,
                refused(log.append(store, withToken(log.plain("s", 1), 6))).code());
        accepted(log.append(store, withToken(log.plain("s", 1), 7)));
    }

    @Test
    void takesTheHigherFloorAndNamesWhatIsBelowIt() {
        var config = new StreamConfig(null, null, CommitMode.SYNC, ReplicationMode.ASYNC, 0, 0, TestLog.PLAIN.labels());
        log.execute(store, new StreamCommand.CreateStream("floor", config, false));
        var async = new AppendIntent(
                "floor",
                CommitMode.ASYNC,
                null,
                0,
                0,
                0,
                OptionalLong.empty(),
                OptionalLong.empty(),
                1,
                10,
                1,
                log.nowMillis);
        var refusal = refused(log.append(store, async));
        assertEquals(Refusal.Code.BELOW_MINIMUM, refusal.code());
        assertEquals("commit_mode ASYNC: the minimum is SYNC", refusal.message());
    }

    @Test
    void aDefaultBelowARaisedFloorIsRaised() {
        log.execute(
                store,
                new StreamCommand.CreateStream("weak", TestLog.config(CommitMode.ASYNC, ReplicationMode.ASYNC), false));
        assertEquals(
                Durability.WEAKEST,
                accepted(log.append(store, log.plain("weak", 1))).durability());
        log.settings = new StreamSettings(
                Durability.SAFEST_DEFAULT, new Durability(CommitMode.SYNC, ReplicationMode.ALL), 0, 0);
        assertEquals(
                new Durability(CommitMode.SYNC, ReplicationMode.ALL),
                accepted(log.append(store, log.plain("weak", 1))).durability());
    }

    @Test
    void aStreamsTimeNeverFalls() {
        log.nowMillis = 5_000;
        log.append(store, log.plain("s", 1));
        log.nowMillis = 4_000;
        log.append(store, log.plain("s", 1));
        assertEquals(5_000, requireNonNull(store.locate(1, 1)).timestampMillis());
    }

    @Test
    void refusesAPastEntryAndAnotherLogsEntry() {
        var entry = log.append(store, EntryType.EPOCH_BEGIN, ByteBuffer.allocate(8));
        assertThrows(
                IllegalStateException.class,
                () -> store.apply(entry.header(), entry.payload().duplicate()));
        var foreign = new EntryHeader(1, 40, log.endLsn(), 1, store.appliedChainCrc() + 1, EntryType.EPOCH_BEGIN);
        assertThrows(IllegalStateException.class, () -> store.apply(foreign, ByteBuffer.allocate(8)));
    }

    private static AppendIntent withExpected(AppendIntent intent, long offset) {
        return copy(intent, OptionalLong.of(offset), intent.fencingToken());
    }

    private static AppendIntent withToken(AppendIntent intent, long token) {
        return copy(intent, intent.expectedOffset(), OptionalLong.of(token));
    }

    private static AppendIntent copy(AppendIntent intent, OptionalLong expected, OptionalLong token) {
        return new AppendIntent(
                intent.stream(),
                intent.commitMode(),
                intent.replicationMode(),
                intent.producerId(),
                intent.producerEpoch(),
                intent.sequence(),
                expected,
                token,
                intent.recordCount(),
                intent.recordsBytes(),
                intent.recordsCrc(),
                intent.nowMillis());
    }

    private static AppendDecision.Accepted accepted(@Nullable AppendDecision decision) {
        return assertInstanceOf(AppendDecision.Accepted.class, decision);
    }

    private static Refusal refused(@Nullable AppendDecision decision) {
        return assertInstanceOf(AppendDecision.Refused.class, decision).refusal();
    }
}
