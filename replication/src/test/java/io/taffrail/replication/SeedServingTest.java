package io.taffrail.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.replication.CatchUpPace.Appends;
import io.taffrail.replication.port.EventLoop;
import io.taffrail.replication.protocol.Message;
import io.taffrail.wal.Wal;
import io.taffrail.wal.WalConfig;
import io.taffrail.wal.WalListener;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.file.Buffering;
import io.taffrail.wal.io.file.FileLogDirectory;
import io.taffrail.wal.io.sync.SyncIoMethod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A leader that appends, and followers that copy its files meanwhile.
class SeedServingTest {
    private static final String INDEX = "0000000000000000-0000000000000100-0.index";
    private static final int FILE_BYTES = 4 << 20;
    private static final long TICK_NANOS = 20_000_000;
    private static final long MILLI_NANOS = 1_000_000;

    @TempDir
    Path folder;

    private final VirtualLoop loop = new VirtualLoop();
    private final CatchUpPace pace = new CatchUpPace(loop.nanoTime());
    private final List<Integer> answered = new ArrayList<>();
    private final List<Long> offsets = new ArrayList<>();
    private long acknowledged;
    private long waitedNanos;
    private long next;
    private LogDirectory files;
    private LogDirectory logFolder;
    private SeedServing serving;

    private static final class VirtualLoop implements EventLoop {
        private record Timer(long at, long number, Runnable task) {}

        private final PriorityQueue<Timer> timers =
                new PriorityQueue<>(Comparator.comparingLong(Timer::at).thenComparingLong(Timer::number));
        private long now;
        private long scheduled;

        @Override
        public void execute(Runnable task) {
            schedule(0, task);
        }

        @Override
        public void schedule(long delayNanos, Runnable task) {
            timers.add(new Timer(now + delayNanos, scheduled++, task));
        }

        @Override
        public long nanoTime() {
            return now;
        }

        @Override
        public long wallMillis() {
            return now / MILLI_NANOS;
        }

        void runUntil(long nanos) {
            while (!timers.isEmpty() && timers.element().at() <= nanos) {
                var timer = timers.remove();
                now = Math.max(now, timer.at());
                timer.task().run();
            }
            now = nanos;
        }
    }

    @BeforeEach
    void open() throws IOException {
        Files.createDirectories(folder.resolve("streams"));
        Files.write(folder.resolve("streams").resolve(INDEX), new byte[FILE_BYTES]);
        files = FileLogDirectory.open(folder.resolve("streams"), Buffering.BUFFERED);
        logFolder = FileLogDirectory.open(folder.resolve("log"), Buffering.BUFFERED);
        var wal = Wal.open(
                new WalConfig(64 << 10, 10 * MILLI_NANOS, 0, 5, 64 << 10, 64 << 10, 0, true),
                logFolder,
                new SyncIoMethod(),
                loop::nanoTime,
                new WalListener() {
                    @Override
                    public void flushed(long lsn) {}

                    @Override
                    public void failed(String message) {
                        throw new AssertionError(message);
                    }
                },
                0,
                0,
                (_, _) -> {});
        serving = new SeedServing(files, () -> new DiskReads(wal, Runnable::run, loop), pace, loop, (to, chunk) -> {
            answered.add(to);
            offsets.add(chunk.offset());
        });
    }

    @AfterEach
    void close() throws IOException {
        files.close();
        logFolder.close();
    }

    private static Message.SeedRequest request(long offset) {
        return new Message.SeedRequest(1, INDEX, offset);
    }

    private void askWindow(int follower, long fromOffset) {
        for (var i = 0L; i < SeedServing.MAX_WAITING; i++) {
            serving.asked(follower, request(fromOffset + i * Seeding.CHUNK_BYTES));
        }
    }

    /// As a leader whose appends wait for five milliseconds longer in a tick in which anything was sent, asked
    /// for the next chunk whenever one has come.
    private void run(int ticks, int follower, boolean appends) {
        for (var tick = 0; tick < ticks; tick++) {
            var before = answered.size();
            var begin = loop.nanoTime();
            for (var step = 1; step <= 20; step++) {
                var seen = answered.size();
                loop.runUntil(begin + step * MILLI_NANOS);
                for (var i = seen; i < answered.size() && follower >= 0; i++) {
                    serving.asked(follower, request(next++ * Seeding.CHUNK_BYTES));
                }
            }
            if (appends) {
                acknowledged += 20;
                waitedNanos += 20 * MILLI_NANOS * (answered.size() > before ? 6 : 1);
            }
            pace.turn(loop.nanoTime(), new Appends(acknowledged, waitedNanos, false, 0), false);
        }
    }

    @Test
    void givesWayToAppendsAsCatchingUpDoes() {
        run(50, -1, true);
        askWindow(2, 0);
        next = SeedServing.MAX_WAITING;
        run(200, 2, true);
        assertEquals(CatchUpPace.LEAST_BYTES_PER_SECOND, pace.bytesPerSecond());
        answered.clear();
        run(100, 2, true);
        var bytes = (long) answered.size() * Seeding.CHUNK_BYTES;
        var seconds = 100 * TICK_NANOS / 1_000_000_000;
        assertTrue(
                bytes > CatchUpPace.LEAST_BYTES_PER_SECOND * seconds * 3 / 4
                        && bytes < CatchUpPace.LEAST_BYTES_PER_SECOND * seconds * 5 / 4,
                bytes + " bytes in " + seconds + " s");
    }

    @Test
    void isAsFastAsItGoesWhileNobodyAppends() {
        askWindow(2, 0);
        next = SeedServing.MAX_WAITING;
        run(100, 2, false);
        assertEquals(CatchUpPace.MOST_BYTES_PER_SECOND, pace.bytesPerSecond());
        answered.clear();
        run(1, 2, false);
        assertTrue(answered.size() >= 20 * SeedServing.MAX_WAITING, answered.size() + " chunks in a tick");
    }

    @Test
    void answersOnceWhatIsAskedAgainBeforeItsTurn() {
        for (var i = 0; i < 3; i++) {
            askWindow(2, 0);
        }
        loop.runUntil(1_000 * MILLI_NANOS);
        assertEquals(
                LongStream.range(0, SeedServing.MAX_WAITING)
                        .mapToObj(i -> i * Seeding.CHUNK_BYTES)
                        .toList(),
                offsets);
    }

    @Test
    void dropsWhatWasAskedFirstOfMoreThanAWindow() {
        askWindow(2, 0);
        var elsewhere = 1L << 30;
        askWindow(2, elsewhere);
        loop.runUntil(1_000 * MILLI_NANOS);
        assertEquals(SeedServing.MAX_WAITING + 1, offsets.size(), "the first was on its way");
        assertEquals(
                LongStream.range(0, SeedServing.MAX_WAITING)
                        .mapToObj(i -> elsewhere + i * Seeding.CHUNK_BYTES)
                        .toList(),
                offsets.subList(1, offsets.size()));
    }

    @Test
    void oneFollowerDoesNotWaitForAnother() {
        askWindow(1, 0);
        askWindow(2, 0);
        loop.runUntil(1_000 * MILLI_NANOS);
        assertEquals(2 * SeedServing.MAX_WAITING, answered.size());
        assertTrue(answered.subList(0, 4).containsAll(List.of(1, 2)), answered::toString);
    }
}
