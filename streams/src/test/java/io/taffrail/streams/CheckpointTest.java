package io.taffrail.streams;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.wal.record.EntryType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

class CheckpointTest {
    private static final StreamStoreConfig SMALL =
            new StreamStoreConfig(1_000, 0, 1_000, 1_000, 1_000, 1_000, 1 << 30, 1_000_000, 2, 4, 1_000);

    private final TestLog log = new TestLog();
    private final MemoryDirectory directory = new MemoryDirectory();

    @Test
    void restartsFromEveryPrefixOfTheLogWithTheSameState() {
        history(StreamStore.open(new MemoryDirectory(), Runnable::run, SMALL), 300);
        var writing = StreamStore.open(directory, Runnable::run, SMALL);
        var plain = StreamStore.open(new MemoryDirectory(), Runnable::run, StreamStoreConfig.DEFAULTS);
        var restored = 0;
        for (var entry : log.entries) {
            writing.apply(entry.header(), entry.payload().duplicate());
            writing.checkpointIfDue(writing.appliedLsn());
            plain.apply(entry.header(), entry.payload().duplicate());

            var restarted = StreamStore.open(directory.copy(), Runnable::run, SMALL);
            restored += restarted.appliedLsn() > 0 ? 1 : 0;
            log.replay(restarted, entry.header().endLsn());
            assertEquals(plain.digest(), restarted.digest());
            assertEquals(entry.header().crc(), restarted.appliedChainCrc());
            assertEquals(List.of(), restarted.findings());
        }
        assertTrue(restored > log.entries.size() / 2);
    }

    @Test
    void writesNothingThatIsNotFlushed() {
        var store = StreamStore.open(directory, Runnable::run, SMALL);
        history(store, 40);
        store.checkpointIfDue(log.endLsn() - 1);
        assertEquals(List.of(), directory.list());
        store.checkpointIfDue(log.endLsn());
        assertEquals(1, checkpoints().size());
    }

    @Test
    void goesOnFromTheOlderCheckpointWhenTheNewestIsDamaged() throws IOException {
        var store = twoCheckpoints();
        var newest = checkpoints().getLast();
        directory.file(newest.toString()).bytes[5_000] ^= 4;

        var restarted = StreamStore.open(directory, Runnable::run, SMALL);
        assertEquals(checkpoints().getFirst().lsn(), restarted.appliedLsn());
        assertEquals(1, restarted.findings().size());
        assertTrue(restarted.findings().getFirst().startsWith("checkpoint " + newest + " is skipped: block "));
        log.replay(restarted, log.endLsn());
        assertEquals(store.digest(), restarted.digest());
    }

    @Test
    void needsTheLogFromTheOldestRetainedCheckpointOn() {
        var store = twoCheckpoints();
        assertTrue(store.neededLsn() <= checkpoints().getFirst().lsn());
        // Everything is trimmed, so only the checkpoints still need the log.
        log.execute(store, new StreamCommand.TrimStream("a", nextOffset(store, "a")));
        log.execute(store, new StreamCommand.TrimStream("b", nextOffset(store, "b")));
        for (var i = 0; i < 2; i++) {
            padding(store, 40);
            store.checkpointIfDue(log.endLsn());
        }
        // The one before them is on the disk until the next job deletes it.
        assertEquals(checkpoints().get(checkpoints().size() - 2).lsn(), store.neededLsn());
    }

    @Test
    void needsTheWholeLogUntilThereAreTwoCheckpoints() {
        var store = StreamStore.open(directory, Runnable::run, SMALL);
        history(store, 40);
        log.execute(store, new StreamCommand.TrimStream("a", nextOffset(store, "a")));
        store.checkpointIfDue(log.endLsn());
        assertEquals(1, checkpoints().size());
        assertEquals(0, store.neededLsn());
    }

    @Test
    void aDamagedIndexFileCostsTheCheckpointsThatNameIt() {
        var store = twoCheckpoints();
        var index = directory.list().stream()
                .filter(name -> name.endsWith(".index"))
                .findFirst()
                .orElseThrow();
        directory.file(index).bytes[17] ^= 1;
        var restarted = StreamStore.open(directory, Runnable::run, SMALL);
        assertEquals(0, restarted.appliedLsn());
        assertEquals(2, restarted.findings().size());
        log.replay(restarted, log.endLsn());
        assertEquals(store.digest(), restarted.digest());
    }

    @Test
    void detectsEveryFlippedBitOfACheckpoint() throws IOException {
        twoCheckpoints();
        var name = checkpoints().getLast();
        CheckpointFile.read(directory, name);
        everyFlip(name.toString(), () -> CheckpointFile.read(directory, name));
    }

    @Test
    void detectsEveryFlippedBitOfAnIndexFile() throws IOException {
        twoCheckpoints();
        var index = CheckpointFile.read(directory, checkpoints().getLast())
                .indexFiles()
                .getFirst();
        readAll(index);
        everyFlip(index.toString(), () -> readAll(index));
    }

    @Test
    void detectsEveryCutOfACheckpointAndOfAnIndexFile() throws IOException {
        twoCheckpoints();
        var checkpoint = checkpoints().getLast();
        var index = CheckpointFile.read(directory, checkpoint).indexFiles().getFirst();
        everyCut(checkpoint.toString(), () -> CheckpointFile.read(directory, checkpoint));
        everyCut(index.toString(), () -> readAll(index));
    }

    @Test
    void detectsACheckpointUnderAnothersName() throws IOException {
        twoCheckpoints();
        var names = checkpoints();
        directory.rename(names.getFirst().toString(), names.getLast().toString());
        assertThrows(CorruptStateException.class, () -> CheckpointFile.read(directory, names.getLast()));
    }

    @Test
    void losesNothingWhenTheDiskRefuses() {
        var store = StreamStore.open(directory, Runnable::run, SMALL);
        history(store, 40);
        directory.failing = true;
        store.checkpointIfDue(log.endLsn());
        assertEquals(List.of(), checkpoints());
        assertEquals(1, store.findings().size());
        assertTrue(store.findings().getFirst().contains("no space left on device"));

        directory.failing = false;
        padding(store, 40);
        store.checkpointIfDue(log.endLsn());
        store.checkpointIfDue(log.endLsn());
        var restarted = StreamStore.open(directory, Runnable::run, SMALL);
        assertEquals(log.endLsn(), restarted.appliedLsn());
        assertEquals(store.digest(), restarted.digest());
        assertEquals(
                List.of(),
                directory.list().stream().filter(name -> name.endsWith(".tmp")).toList());
    }

    @Test
    void whatTheDiskRefusedIsTriedAgainThoughNothingIsLogged() {
        var store = twoCheckpoints();
        log.execute(store, new StreamCommand.TrimStream("a", nextOffset(store, "a")));
        log.execute(store, new StreamCommand.TrimStream("b", nextOffset(store, "b")));
        padding(store, 40);
        directory.failing = true;
        store.checkpointIfDue(log.endLsn());
        store.checkpointIfDue(log.endLsn());
        assertEquals(1, store.findings().size());
        directory.failing = false;
        store.checkpointIfDue(log.endLsn());
        assertTrue(checkpoints().getLast().lsn() < log.endLsn(), "not on every turn");

        store.retryCheckpoint();
        store.checkpointIfDue(log.endLsn());
        assertEquals(log.endLsn(), checkpoints().getLast().lsn());
        store.retryCheckpoint();
        store.checkpointIfDue(log.endLsn());
        assertEquals(1, store.findings().size());
        assertEquals(
                store.digest(),
                StreamStore.open(directory, Runnable::run, SMALL).digest());
    }

    @Test
    void needsAtLeastWhatTheNewestShowsAndTheOldestReplays() throws IOException {
        var store = StreamStore.open(directory, Runnable::run, SMALL);
        assertEquals(0, store.leastNeededLsn());
        history(store, 40);
        store.checkpointIfDue(log.endLsn());
        var older = checkpoints().getLast();
        assertTrue(store.leastNeededLsn() < older.lsn(), "the streams still show what lies before it");
        log.execute(store, new StreamCommand.TrimStream("a", nextOffset(store, "a")));
        log.execute(store, new StreamCommand.TrimStream("b", nextOffset(store, "b")));
        padding(store, 40);
        store.checkpointIfDue(log.endLsn());
        store.checkpointIfDue(log.endLsn());
        assertTrue(store.neededLsn() < older.lsn());
        assertEquals(older.lsn(), store.leastNeededLsn());

        var newest = checkpoints().getLast();
        directory.file(newest.toString()).bytes[5_000] ^= 4;
        var restarted = StreamStore.open(directory, Runnable::run, SMALL);
        assertEquals(store.leastNeededLsn(), restarted.appliedLsn());
        log.replay(restarted, log.endLsn());
        assertEquals(store.digest(), restarted.digest());
    }

    @Test
    void tellsOfCheckpointsThatFailOnceUntilOneIsWritten() {
        var told = new ArrayList<String>();
        var store = StreamStore.open(directory, Runnable::run, SMALL, told::add);
        for (var spell = 1; spell <= 2; spell++) {
            directory.failing = true;
            for (var i = 0; i < 3; i++) {
                padding(store, 40);
                store.checkpointIfDue(log.endLsn());
                store.retryCheckpoint();
            }
            assertEquals(spell, told.size(), told.toString());
            assertTrue(store.uncheckpointedBytes() > 9_000);
            directory.failing = false;
            store.checkpointIfDue(log.endLsn());
            assertEquals(0, store.uncheckpointedBytes());
        }
        assertEquals(told, store.findings());
    }

    @Test
    void refusesAppendsBeforeTheMemoryFillsWhenNoCheckpointCanBeWritten() {
        var config = new StreamStoreConfig(1_000, 0, 10, 10, 10, 10, 1 << 30, 3, 2, 4, 1_000);
        var store = StreamStore.open(directory, Runnable::run, config);
        directory.failing = true;
        log.create(store, "a");
        for (var i = 0; i < 3; i++) {
            log.append(store, log.plain("a", 10));
            store.checkpointIfDue(log.endLsn());
        }
        var refused = (AppendDecision.Refused) log.append(store, log.plain("a", 10));
        assertEquals(Refusal.Code.QUEUE_FULL, refused.refusal().code());

        directory.failing = false;
        padding(store, 60);
        store.checkpointIfDue(log.endLsn());
        store.checkpointIfDue(log.endLsn());
        assertTrue(log.append(store, log.plain("a", 10)) instanceof AppendDecision.Accepted);
    }

    @Test
    void holdsAsManyBytesAsTheStateIsSaidToHave() throws IOException {
        var store = StreamStore.open(directory, Runnable::run, SMALL);
        log.create(store, "a");
        log.create(store, "\u65e5\u672c");
        log.execute(store, new StreamCommand.UpdateStream("a", TestLog.labelled("\u00e9")));
        log.execute(store, new StreamCommand.RegisterProducer(0, ""));
        var producer = log.register(store, "p");
        for (var sequence = 0; sequence < 20; sequence++) {
            log.append(store, log.intent("a", producer, 0, sequence, 1, 7));
        }
        log.execute(store, new StreamCommand.CommitCursor("a", "\u00fc", 3, OptionalLong.empty()));
        log.execute(store, new StreamCommand.CommitCursor("a", "\u00fc", 4, OptionalLong.empty()));
        store.checkpointIfDue(log.endLsn());

        var checkpoint =
                CheckpointFile.read(directory, Checkpoints.names(directory).getLast());
        assertEquals(log.endLsn(), checkpoint.image().appliedLsn);
        assertEquals(checkpoint.image().summary().encodedBytes(), store.stateBytes());
    }

    @Test
    void writesNothingOfAStateThatIsLargerThanACheckpoint() {
        var labels = new TreeMap<String, String>();
        for (var i = 0; i < Names.MAX_LABELS; i++) {
            labels.put("k".repeat(250) + i, "v".repeat(Names.MAX_LABEL_VALUE_BYTES));
        }
        var config = new StreamConfig(null, null, null, null, 0, 0, labels);
        var image = new StateImage();
        for (var id = 1L; id <= 13_200; id++) {
            image.streams.put(
                    id, new StreamImage(id, "s" + id, config, 0, 0, 0, 0, 0, 0, -1, 0, -1, 0, List.of(), List.of()));
        }
        var writer = new CheckpointWriter(directory, SMALL);
        writer.startFrom(image, List.of());
        directory.interception = (call, name) -> {
            throw new AssertionError(call + " " + name);
        };
        var nothingNew = new Snapshot(100, 0, 13_201, 1, List.of(), List.of(), List.of(), List.of(), List.of());
        var job = new CheckpointJob(writer, nothingNew, List.of());
        job.run();
        var failed = assertInstanceOf(CheckpointJob.Outcome.Failed.class, job.outcome());
        assertTrue(failed.message().contains("at most 1073741824"), failed.message());
        assertEquals(List.of(), directory.list());
    }

    @Test
    void aCheckpointAboveTheCutNeverComesBack() {
        var jobs = new ArrayDeque<Runnable>();
        Executor later = jobs::add;
        var store = StreamStore.open(directory, later, SMALL);
        history(store, 40);
        store.checkpointIfDue(log.endLsn());
        var cut = log.entries.get(20).header().lsn();
        store.truncated(cut);
        jobs.forEach(Runnable::run);

        assertEquals(List.of(), checkpoints());
        log.cut(cut);
        log.replay(store, log.endLsn());
        log.epoch++;
        history(store, 60);
        store.checkpointIfDue(log.endLsn());
        jobs.forEach(Runnable::run);
        var restarted = StreamStore.open(directory, Runnable::run, SMALL);
        log.replay(restarted, log.endLsn());
        assertEquals(store.digest(), restarted.digest());
    }

    @Test
    void startsFromNothingAfterAReset() {
        var store = twoCheckpoints();
        store.reset();
        assertEquals(0, store.appliedLsn());
        assertEquals(List.of(), checkpoints());
        assertEquals(0, store.streamCount());
        log.replay(store, log.endLsn());
    }

    @Test
    void keepsFewFilesAndFewOpenHowEverLongTheLog() {
        var store = StreamStore.open(directory, Runnable::run, SMALL);
        log.create(store, "a");
        var indexFiles = 0L;
        var before = 0;
        for (var i = 0; i < 20_000; i++) {
            log.append(store, log.plain("a", 1));
            store.checkpointIfDue(log.endLsn());
            indexFiles = Math.max(
                    indexFiles,
                    directory.list().stream()
                            .filter(name -> name.endsWith(".index"))
                            .count());
            before = Math.max(before, directory.openFiles);
        }
        // Four files a level make one of the next: what two checkpoints and the job between them name.
        assertTrue(indexFiles <= 30, "index files: " + indexFiles);
        assertTrue(before <= 32, "open files: " + before);
        for (var offset = 0; offset < 20_000; offset += 97) {
            var found = store.locate(1, offset);
            assertEquals(log.entries.get(offset + 1).header().lsn(), found == null ? -1 : found.lsn());
        }
    }

    @Test
    void forgetsIndexFilesWhoseBatchesAreAllTrimmed() {
        var store = StreamStore.open(directory, Runnable::run, SMALL);
        log.create(store, "a");
        for (var i = 0; i < 300; i++) {
            log.append(store, log.plain("a", 1));
            store.checkpointIfDue(log.endLsn());
        }
        log.execute(store, new StreamCommand.TrimStream("a", 300));
        for (var i = 0; i < 100; i++) {
            log.append(store, log.plain("a", 1));
            log.execute(store, new StreamCommand.TrimStream("a", 301 + i));
            store.checkpointIfDue(log.endLsn());
        }
        var files = directory.list().stream()
                .filter(name -> name.endsWith(".index"))
                .count();
        assertTrue(files <= 3, directory.list().toString());
    }

    private StreamStore twoCheckpoints() {
        var store = StreamStore.open(directory, Runnable::run, SMALL);
        history(store, 60);
        store.checkpointIfDue(log.endLsn());
        history(store, 130);
        store.checkpointIfDue(log.endLsn());
        store.checkpointIfDue(log.endLsn());
        assertEquals(2, checkpoints().size());
        return store;
    }

    private void history(StreamStore store, int entries) {
        if (log.entries.isEmpty()) {
            log.create(store, "a");
            log.create(store, "b");
            log.register(store, "p");
            log.execute(store, new StreamCommand.FenceStream("b", 3));
        }
        var producer = requireNonNull(store.producer("p"));
        var sequence = store.progress(producer.producerId(), "a").appendedRecords();
        while (log.entries.size() < entries) {
            log.nowMillis += 3;
            log.append(store, log.plain("a", 2));
            log.append(store, log.intent("a", producer.producerId(), 0, sequence++, 1, 5));
            if (sequence % 9 == 0) {
                log.execute(store, new StreamCommand.CommitCursor("a", "c", sequence, OptionalLong.empty()));
            }
            if (sequence % 11 == 0) {
                log.execute(store, new StreamCommand.TrimStream("a", sequence));
            }
        }
    }

    private void padding(StreamStore store, int entries) {
        for (var i = 0; i < entries; i++) {
            log.append(store, EntryType.EPOCH_BEGIN, ByteBuffer.allocate(64));
        }
    }

    private static long nextOffset(StreamStore store, String name) {
        return requireNonNull(store.stream(name)).nextOffset();
    }

    private List<FileName.Checkpoint> checkpoints() {
        try {
            return Checkpoints.names(directory);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private interface Reading {
        void run() throws IOException;
    }

    private void everyFlip(String name, Reading reading) {
        var bytes = directory.file(name).bytes;
        for (var bit = 0; bit < bytes.length * 8; bit++) {
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
            assertThrows(CorruptStateException.class, reading::run, "bit " + bit);
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
        }
    }

    private void everyCut(String name, Reading reading) {
        var content = directory.file(name);
        var whole = content.bytes;
        for (var length = 0; length < whole.length; length++) {
            content.bytes = Arrays.copyOf(whole, length);
            assertThrows(CorruptStateException.class, reading::run, "length " + length);
        }
        content.bytes = whole;
    }

    private void readAll(FileName.Index name) throws IOException {
        var file = IndexFile.open(directory, name);
        try {
            for (var item : file.directory()) {
                file.entries(item.run());
            }
            // A run may end before its last block does.
            for (var block = 0; block < IndexFile.blockCount(file.entryCount()); block++) {
                file.entries(block);
            }
        } finally {
            file.close();
        }
    }
}
