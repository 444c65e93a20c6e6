package io.taffrail.streams;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RetentionTest {
    private static final StreamStoreConfig SMALL =
            new StreamStoreConfig(2_000, 0, 1_000, 1_000, 1_000, 1_000, 1 << 30, 1_000_000, 2, 2, 1_000);

    private final TestLog log = new TestLog();
    private final MemoryDirectory directory = new MemoryDirectory();
    private StreamStore store;

    @BeforeEach
    void openStore() {
        store = StreamStore.open(directory, Runnable::run, SMALL);
        log.create(store, "s");
        // Batches of one record and 98 bytes each, at 1000, 2000, ... milliseconds; most are in index files.
        for (var i = 0; i < 100; i++) {
            log.append(store, log.plain("s", 1));
            log.nowMillis += 1_000;
            store.checkpointIfDue(log.endLsn());
        }
    }

    @Test
    void keepsEverythingUnlessToldOtherwise() {
        assertEquals(List.of(), store.retention(StreamSettings.DEFAULTS, Long.MAX_VALUE / 2));
    }

    @Test
    void trimsWhatIsOlderThanTheAge() {
        // The batch at offset n has the time 1000 (n + 1).
        assertEquals(List.of(), store.retention(age(50_000), 56_000));
        assertEquals(trim(6), store.retention(age(50_000), 56_001));
        assertEquals(trim(70), store.retention(age(10_000), 81_000));
    }

    @Test
    void trimsWhatIsMoreThanTheBytes() {
        var batch = requireNonNull(store.locate(1, 0)).lengthBytes();
        assertEquals(List.of(), store.retention(bytes(batch * 92L), log.nowMillis));
        assertEquals(trim(11), store.retention(bytes(batch * 90L - 1), log.nowMillis));
        assertEquals(trim(50), store.retention(bytes(batch * 50L), log.nowMillis));
    }

    @Test
    void neverDeletesTheNewestBatch() {
        assertEquals(trim(99), store.retention(bytes(1), log.nowMillis));
        assertEquals(trim(99), store.retention(age(1), Long.MAX_VALUE / 2));
        log.execute(store, new StreamCommand.TrimStream("s", 99));
        assertEquals(List.of(), store.retention(bytes(1), log.nowMillis));
        log.execute(store, new StreamCommand.TrimStream("s", 100));
        assertEquals(List.of(), store.retention(age(1), Long.MAX_VALUE / 2));
    }

    @Test
    void aStreamsOwnSettingComesFirst() {
        log.execute(
                store,
                new StreamCommand.UpdateStream(
                        "s", new StreamConfig(null, null, null, null, 90_000, 0, TestLog.PLAIN.labels())));
        assertEquals(List.of(), store.retention(age(50_000), 60_000));
    }

    @Test
    void whatItAsksForSettlesIt() {
        var settings = bytes(3_000);
        for (var command : store.retention(settings, log.nowMillis)) {
            log.execute(store, command);
        }
        assertEquals(List.of(), store.retention(settings, log.nowMillis));
    }

    @Test
    void forgetsProducersThatHaveBeenIdle() {
        log.register(store, "p");
        assertEquals(List.of(), store.retention(StreamSettings.DEFAULTS, log.nowMillis + 1_000));
        assertEquals(
                List.of(new StreamCommand.ExpireProducers(log.nowMillis + 60_001)),
                store.retention(StreamSettings.DEFAULTS, log.nowMillis + 61_001));
    }

    @Test
    void looksAtEveryStreamInTurn() {
        for (var i = 0; i < 500; i++) {
            var name = String.format(Locale.ROOT, "many-%04d", i);
            log.create(store, name);
            log.append(store, log.plain(name, 1));
            log.append(store, log.plain(name, 1));
        }
        var trimmed = 0;
        for (var pass = 0; pass < 7; pass++) {
            var commands = store.retention(bytes(1), log.nowMillis);
            trimmed += commands.size();
            commands.forEach(command -> log.execute(store, command));
        }
        assertEquals(501, trimmed);
    }

    @Test
    void streamsThatKeepOnlyTheirNewestBatchCostNoReads() {
        idleStreams();
        var reads = countReads(directory);
        for (var pass = 0; pass < 3; pass++) {
            assertEquals(trim(99), store.retention(age(1), log.nowMillis + 10_000));
            assertEquals(trim(99), store.retention(bytes(1), log.nowMillis));
        }
        // For the one stream that has more.
        assertTrue(reads.get() < 60, reads + " reads");
    }

    @Test
    void aPassReadsOfAFewStreamsHoweverManyARestartKnowsNothingOf() {
        idleStreams();
        log.execute(store, new StreamCommand.TrimStream("s", 99));
        store.checkpointIfDue(log.endLsn());
        var files = directory.copy();
        var restarted = StreamStore.open(files, Runnable::run, SMALL);
        log.replay(restarted, log.endLsn());
        var reads = countReads(files);
        for (var pass = 0; pass < 6; pass++) {
            assertEquals(List.of(), restarted.retention(age(1), log.nowMillis + 10_000));
            assertTrue(reads.getAndSet(0) <= 3 * Retention.SEARCHES_PER_PASS);
        }
        assertEquals(List.of(), restarted.retention(age(1), log.nowMillis + 10_000));
        assertEquals(0, reads.get());
    }

    @Test
    void aPassTriesAFewStreamsOfADiskThatDoesNotRead() {
        idleStreams();
        var files = directory.copy();
        var restarted = StreamStore.open(files, Runnable::run, SMALL);
        log.replay(restarted, log.endLsn());
        var attempts = new AtomicInteger();
        files.interception = (call, name) -> {
            if (call == MemoryDirectory.Call.READ) {
                attempts.incrementAndGet();
                throw new IOException("read " + name + ": Input/output error");
            }
        };
        assertEquals(List.of(), restarted.retention(age(1), log.nowMillis + 10_000));
        assertEquals(Retention.SEARCHES_PER_PASS, attempts.get());
    }

    /// Each has one batch, which an index file holds.
    private void idleStreams() {
        for (var i = 0; i < 400; i++) {
            var name = String.format(Locale.ROOT, "idle-%04d", i);
            log.create(store, name);
            log.append(store, log.plain(name, 1));
        }
        for (var i = 0; i < 3; i++) {
            store.checkpointIfDue(log.endLsn());
        }
    }

    private static AtomicInteger countReads(MemoryDirectory files) {
        var reads = new AtomicInteger();
        files.interception = (call, _) -> {
            if (call == MemoryDirectory.Call.READ) {
                reads.incrementAndGet();
            }
        };
        return reads;
    }

    private static List<StreamCommand> trim(long startOffset) {
        return List.of(new StreamCommand.TrimStream("s", startOffset));
    }

    private static StreamSettings age(long millis) {
        return new StreamSettings(Durability.SAFEST_DEFAULT, Durability.WEAKEST, millis, 0);
    }

    private static StreamSettings bytes(long bytes) {
        return new StreamSettings(Durability.SAFEST_DEFAULT, Durability.WEAKEST, 0, bytes);
    }
}
