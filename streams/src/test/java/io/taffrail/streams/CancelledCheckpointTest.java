package io.taffrail.streams;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.streams.MemoryDirectory.Call;
import io.taffrail.wal.record.EntryType;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class CancelledCheckpointTest {
    private static final StreamStoreConfig SMALL =
            new StreamStoreConfig(1_000, 0, 10_000, 1_000, 1_000, 1_000, 1 << 30, 1_000_000, 2, 2, 1_000);

    private final TestLog log = new TestLog();
    private final MemoryDirectory directory = new MemoryDirectory();
    private final ArrayDeque<Runnable> jobs = new ArrayDeque<>();

    /// The loop waits for the writer, which may have a gigabyte before it.
    @Test
    void writesNoMoreThanWhatItIsAt() {
        var all = 0;
        for (var cancelledAt = 1; all == 0; cancelledAt++) {
            jobs.clear();
            log.entries.clear();
            var folder = new MemoryDirectory();
            var job = largeJobThatMerges(StreamStore.open(folder, jobs::add, SMALL));
            var last = cancelledAt;
            var writes = new AtomicInteger();
            folder.interception = (call, _) -> {
                if (call == Call.WRITE && writes.incrementAndGet() == last) {
                    job.cancel();
                }
            };
            job.run();
            if (writes.get() < cancelledAt) {
                all = writes.get();
                assertInstanceOf(CheckpointJob.Outcome.Written.class, job.outcome());
            } else {
                assertInstanceOf(CheckpointJob.Outcome.Failed.class, job.outcome());
                // A file's header follows its last blocks.
                assertTrue(writes.get() <= cancelledAt + 1, writes + " writes, cancelled at " + cancelledAt);
            }
        }
        assertTrue(all >= 9, "an index file, a merged one and a checkpoint of several writes each: " + all);
    }

    private CheckpointJob largeJobThatMerges(StreamStore store) {
        for (var i = 0; i < 3_000; i++) {
            log.create(store, "a-stream-with-a-name-that-takes-room-" + i);
        }
        store.checkpointIfDue(log.endLsn());
        jobs.remove().run();
        for (var round = 0; round < 2; round++) {
            for (var i = 0; i < 8_000; i++) {
                log.append(store, log.plain("a-stream-with-a-name-that-takes-room-" + i % 3_000, 1));
            }
            for (var turn = 0; turn < 10; turn++) {
                store.checkpointIfDue(log.endLsn());
            }
            if (round == 0) {
                jobs.remove().run();
            }
        }
        return (CheckpointJob) jobs.remove();
    }

    /// Scenario: 1. a job has begun to delete what is not retained. 2. The log is begun anew, and the loop deletes
    /// every checkpoint.
    @Test
    void deletesNothingThatTheLoopHasListed() throws Exception {
        var store = StreamStore.open(directory, jobs::add, SMALL);
        for (var checkpoint = 0; checkpoint < 3; checkpoint++) {
            padding(store);
            jobs.remove().run();
        }
        padding(store);
        var surplus = Checkpoints.names(directory).getFirst().toString();

        var loop = Thread.currentThread();
        var jobIsDeleting = new CountDownLatch(1);
        var loopIsDeleting = new CountDownLatch(1);
        directory.interception = (call, name) -> {
            if (call != Call.DELETE || !name.equals(surplus)) {
                return;
            }
            if (!Thread.currentThread().equals(loop)) {
                jobIsDeleting.countDown();
                while (loopIsDeleting.getCount() > 0 && loop.getState() != Thread.State.BLOCKED) {
                    Thread.onSpinWait();
                }
            } else {
                loopIsDeleting.countDown();
                while (directory.exists(surplus)) {
                    Thread.onSpinWait();
                }
            }
        };
        var failure = new AtomicReference<Throwable>();
        var writer = new Thread(jobs.remove());
        writer.setUncaughtExceptionHandler((_, broken) -> failure.set(broken));
        writer.start();
        jobIsDeleting.await();
        store.reset();
        writer.join();

        assertNull(failure.get());
        assertEquals(0, store.appliedLsn());
        assertTrue(Checkpoints.names(directory).isEmpty());
    }

    private void padding(StreamStore store) {
        for (var i = 0; i < 40; i++) {
            log.append(store, EntryType.EPOCH_BEGIN, ByteBuffer.allocate(64));
        }
        store.checkpointIfDue(log.endLsn());
        store.checkpointIfDue(log.endLsn());
    }
}
