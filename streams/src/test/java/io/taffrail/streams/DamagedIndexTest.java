package io.taffrail.streams;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Index files whose header and directory are whole, so that a start takes them, and whose entries are not.
class DamagedIndexTest {
    private static final StreamStoreConfig SMALL =
            new StreamStoreConfig(1_000, 0, 1_000, 1_000, 1_000, 1_000, 1 << 30, 1_000_000, 2, 4, 1_000);
    private static final int IN_FIRST_ENTRIES = Blocks.SIZE_BYTES + Blocks.HEADER_BYTES + 5;

    private final TestLog log = new TestLog();
    private final MemoryDirectory directory = new MemoryDirectory();
    private final StreamStore store = StreamStore.open(directory, Runnable::run, SMALL);

    @Test
    void costsMergesAndNoCheckpoint() throws IOException {
        log.create(store, "a");
        append(40);
        var rotten = indexFiles().getFirst();
        rot(rotten);
        append(400);

        assertTrue(newestCheckpoint() > log.endLsn() - 3_000, directory.list().toString());
        assertTrue(store.neededLsn() == 0 || store.neededLsn() < newestCheckpoint());
        assertTrue(indexFiles().contains(rotten));
        assertTrue(indexFiles().size() < 20, directory.list().toString());
        assertEquals(1, store.findings().size(), store.findings().toString());
        assertTrue(
                store.findings().getFirst().contains("block 1 of " + rotten),
                store.findings().toString());
        assertFalse(directory.list().stream().anyMatch(name -> name.endsWith(".tmp")));
        for (var offset = 60; offset < 440; offset++) {
            assertEquals(offset, requireNonNull(store.locate(1, offset)).baseOffset());
        }
        var restarted = StreamStore.open(directory.copy(), Runnable::run, SMALL);
        assertEquals(newestCheckpoint(), restarted.appliedLsn());
        log.replay(restarted, log.endLsn());
        assertEquals(store.digest(), restarted.digest());
    }

    @Test
    void isGoneOnceItsBatchesAreTrimmed() {
        log.create(store, "a");
        append(40);
        var rotten = indexFiles().getFirst();
        rot(rotten);
        append(400);
        log.execute(store, new StreamCommand.TrimStream("a", 300));
        append(200);
        assertFalse(indexFiles().contains(rotten));
        assertTrue(store.neededLsn() > 0);
    }

    @Test
    void aMergeThatTheDiskRefusesIsMadeUpFor() throws IOException {
        directory.interception = (call, name) -> {
            if (call == MemoryDirectory.Call.WRITE && name.contains("-1.index")) {
                throw new IOException("write " + name + ": no space left on device");
            }
        };
        log.create(store, "a");
        append(400);
        assertTrue(newestCheckpoint() > log.endLsn() - 3_000, directory.list().toString());
        assertFalse(directory.list().stream().anyMatch(name -> name.endsWith(".tmp")));
        assertFalse(store.findings().isEmpty());

        directory.interception = (_, _) -> {};
        append(40);
        assertTrue(indexFiles().stream().anyMatch(name -> name.endsWith("-1.index")));
    }

    @Test
    void isFoundInACopyWhicheverBlockItIs() {
        log.create(store, "a");
        append(400);
        var names = store.newestCheckpointFiles();
        assertNull(StreamStore.damageOf(directory, names.getLast(), ""));
        var blocks = 0;
        for (var name : names) {
            var bytes = directory.file(name).bytes;
            for (var at = Blocks.SIZE_BYTES - 1; at < bytes.length; at += Blocks.SIZE_BYTES) {
                bytes[at] ^= 1;
                assertNotNull(StreamStore.damageOf(directory, names.getLast(), ""), name + " at " + at);
                bytes[at] ^= 1;
                blocks++;
            }
        }
        assertTrue(blocks > 3 * names.size());
    }

    @Test
    void ofAnEarlierSeedIsNotReadUnderTheNameOfALater() {
        log.create(store, "a");
        append(40);
        var otherLog = new TestLog();
        otherLog.nowMillis = 5_000_000;
        var otherDirectory = new MemoryDirectory();
        var other = StreamStore.open(otherDirectory, Runnable::run, SMALL);
        otherLog.create(other, "a");
        append(otherLog, other, 40);
        assertEquals(store.newestCheckpointFiles(), other.newestCheckpointFiles());

        store.reset();
        assertEquals(0, directory.openFiles);
        for (var name : other.newestCheckpointFiles()) {
            directory.files.put(name, otherDirectory.file(name));
        }
        store.reload();
        assertEquals(newestCheckpoint(), store.appliedLsn());
        assertEquals(5_000_000, requireNonNull(store.locate(1, 0)).timestampMillis());
    }

    @Test
    void thatCannotBeReadIsAsGoodAsDamaged() {
        log.create(store, "a");
        append(40);
        directory.interception = (call, name) -> {
            if (call == MemoryDirectory.Call.READ && name.endsWith(".index")) {
                throw new IOException("read " + name + ": Input/output error");
            }
        };
        var settings = new StreamSettings(Durability.SAFEST_DEFAULT, Durability.WEAKEST, 0, 2_000);
        assertEquals(List.of(), store.retention(settings, log.nowMillis));
        var trimmed = assertInstanceOf(
                CommandDecision.Refused.class, log.execute(store, new StreamCommand.TrimStream("a", 3)));
        assertEquals(Refusal.Code.DATA_LOSS, trimmed.refusal().code());
    }

    @Test
    void isToldOnceHoweverOftenRetentionMeetsIt() {
        var told = new ArrayList<String>();
        var folder = new MemoryDirectory();
        var retaining = StreamStore.open(folder, Runnable::run, SMALL, told::add);
        log.create(retaining, "a");
        log.create(retaining, "b");
        for (var i = 0; i < 40; i++) {
            log.append(retaining, log.plain("a", 1));
            log.append(retaining, log.plain("b", 1));
        }
        retaining.checkpointIfDue(log.endLsn());
        retaining.checkpointIfDue(log.endLsn());
        folder.file(retaining.newestCheckpointFiles().getFirst()).bytes[IN_FIRST_ENTRIES] ^= 1;

        var settings = new StreamSettings(Durability.SAFEST_DEFAULT, Durability.WEAKEST, 0, 1);
        for (var pass = 0; pass < 3; pass++) {
            assertEquals(List.of(), retaining.retention(settings, log.nowMillis));
        }
        assertEquals(1, told.size(), told.toString());
        assertEquals(told, retaining.findings());
    }

    private void append(int batches) {
        append(log, store, batches);
    }

    private static void append(TestLog log, StreamStore store, int batches) {
        for (var i = 0; i < batches; i++) {
            log.append(store, log.plain("a", 1));
            store.checkpointIfDue(log.endLsn());
        }
        store.checkpointIfDue(log.endLsn());
    }

    private void rot(String name) {
        directory.file(name).bytes[IN_FIRST_ENTRIES] ^= 1;
    }

    private List<String> indexFiles() {
        return directory.list().stream()
                .filter(name -> name.endsWith(FileName.INDEX_SUFFIX))
                .toList();
    }

    private long newestCheckpoint() {
        try {
            return Checkpoints.names(directory).getLast().lsn();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
