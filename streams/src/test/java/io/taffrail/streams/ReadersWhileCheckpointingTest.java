package io.taffrail.streams;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;

class ReadersWhileCheckpointingTest {
    private static final int BATCHES = 60_000;
    private static final StreamStoreConfig SMALL =
            new StreamStoreConfig(20_000, 0, 1_000, 1_000, 1_000, 1_000, 1 << 30, 1_000_000, 2, 3, 1_000);

    private final AtomicLongArray lsns = new AtomicLongArray(BATCHES);
    private final AtomicBoolean done = new AtomicBoolean();
    /// Odd while the state is taken back to a checkpoint and the log applied again.
    private final AtomicLong restores = new AtomicLong();

    @Test
    void aReaderFindsEveryBatchWhereverItMovesTo() throws Exception {
        var directory = new MemoryDirectory();
        try (var writer = Executors.newSingleThreadExecutor();
                var readers = Executors.newFixedThreadPool(3)) {
            var store = StreamStore.open(directory, writer, SMALL);
            var log = new TestLog();
            log.create(store, "s");
            var running = new ArrayList<Future<Long>>();
            for (var seed = 0; seed < 3; seed++) {
                running.add(readers.submit(reader(store, seed)));
            }
            try {
                for (var i = 0; i < BATCHES; i++) {
                    lsns.set(i, log.endLsn());
                    log.nowMillis = 1_000L + i;
                    log.append(store, log.plain("s", 1));
                    if (i % 500 == 499) {
                        log.execute(store, new StreamCommand.TrimStream("s", i / 2));
                    }
                    if (i % 20_000 == 19_999) {
                        // A cut that takes nothing away but the memory: the state comes back from files.
                        restores.incrementAndGet();
                        store.truncated(log.endLsn() - 1);
                        log.replay(store, log.endLsn());
                        restores.incrementAndGet();
                    }
                    store.checkpointIfDue(log.endLsn());
                }
            } finally {
                done.set(true);
            }
            for (var reader : running) {
                assertTrue(reader.get(60, TimeUnit.SECONDS) > 0);
            }
            writer.submit(() -> {}).get(60, TimeUnit.SECONDS);
            assertTrue(store.neededLsn() > 0);
            store.close();
            assertEquals(0, directory.openFiles);
        }
    }

    private Callable<Long> reader(StreamStore store, int seed) {
        return () -> {
            var random = new SplittableRandom(seed);
            var found = 0L;
            while (!done.get()) {
                var restoresBefore = restores.get();
                var view = store.stream("s");
                if (view == null) {
                    assertTrue(restoresBefore % 2 == 1 || restores.get() != restoresBefore);
                    continue;
                }
                if (view.nextOffset() == view.startOffset()) {
                    continue;
                }
                var offset = random.nextLong(view.startOffset(), view.nextOffset());
                var batch = store.locate(view.streamId(), offset);
                if (batch == null) {
                    var now = store.stream("s");
                    var trimmed = now != null && now.startOffset() > offset;
                    assertTrue(trimmed || restoresBefore % 2 == 1 || restores.get() != restoresBefore);
                    continue;
                }
                assertEquals(offset, batch.baseOffset());
                assertEquals(lsns.get((int) offset), batch.lsn());
                assertEquals(1_000 + offset, batch.timestampMillis());
                var next = store.locate(view.streamId(), offset, 3);
                for (var i = 0; i < next.size(); i++) {
                    assertEquals(offset + i, next.get(i).baseOffset());
                }
                found++;
            }
            return found;
        };
    }
}
