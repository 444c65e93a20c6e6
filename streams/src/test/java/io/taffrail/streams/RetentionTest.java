package io.taffrail.streams;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RetentionTest {
    private static final StreamStoreConfig SMALL =
            new StreamStoreConfig(2_000, 0, 1_000, 1_000, 1_000, 1_000, 1_000_000, 2, 2, 1_000);

    private final TestLog log = new TestLog();
    private StreamStore store;

    @BeforeEach
    void openStore() {
        store = StreamStore.open(new MemoryDirectory(), Runnable::run, SMALL);
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
