package io.taffrail.bench.service;

import io.taffrail.client.Appender;
import io.taffrail.client.AppenderConfig;
import io.taffrail.client.LogClient;
import io.taffrail.client.PendingAppend;
import io.taffrail.client.ReadFrom;
import io.taffrail.client.Reader;
import io.taffrail.client.ReaderConfig;
import io.taffrail.proto.log.CommitMode;
import io.taffrail.proto.log.Isolation;
import io.taffrail.proto.log.ReplicationMode;
import io.taffrail.proto.log.StreamConfig;
import io.taffrail.proto.log.StreamDescription;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.HdrHistogram.Histogram;

/// The workloads. A run makes its own streams and deletes them; it ends by the clock or by a count.
final class Runs {
    private static final int MOST_VALUES = 4096;
    private static final int MOST_VALUE_BYTES = 64 << 20;
    private static final int OUTSTANDING = 64;
    private static final int SATURATION_UNIT_BYTES = 64 << 10;
    private static final int LEAST_UNIT_RECORDS = 16;
    private static final long PACED_STEP_NANOS = 1_000_000;
    private static final long LAST_ANSWERS_SECONDS = 30;
    private static final String FILLED_STREAM = "bench-filled";
    private static final Duration POLL = Duration.ofMillis(200);

    private final LogClient client;
    private final Options options;
    private final String version;
    private int streams;

    Runs(LogClient client, Options options, String version) {
        this.client = client;
        this.options = options;
        this.version = version;
    }

    /// @param outstanding units in flight
    /// @param batch records of a unit
    private record Load(int outstanding, int batch) {}

    Measurement run(Workload workload, int round) throws InterruptedException {
        return switch (workload.kind()) {
            case W1 -> workload.count() == 1 ? appends(workload, round, 1, new Load(1, 1)) : producers(workload, round);
            case W2 -> appends(workload, round, 1, new Load(workload.count(), 1));
            case W3 -> appends(workload, round, 1, saturation(workload.sizeBytes(), workload.count()));
            case W4 -> appends(workload, round, workload.count(), new Load(OUTSTANDING, 1));
            case W5 -> catchUp(workload, round);
            case W6 -> tail(workload, round);
            case FILL -> fill(workload, round);
            case SEEK -> seek(workload, round);
        };
    }

    private static Load saturation(int sizeBytes, int units) {
        return new Load(units, Math.max(LEAST_UNIT_RECORDS, SATURATION_UNIT_BYTES / sizeBytes));
    }

    private AppenderConfig appenderConfig() {
        return options.durable()
                ? AppenderConfig.DEFAULTS.modes(CommitMode.COMMIT_MODE_SYNC, ReplicationMode.REPLICATION_MODE_QUORUM)
                : AppenderConfig.DEFAULTS.modes(CommitMode.COMMIT_MODE_ASYNC, ReplicationMode.REPLICATION_MODE_ASYNC);
    }

    private String nextStream() {
        return "bench-" + ProcessHandle.current().pid() + "-" + streams++;
    }

    private List<Appender> open(int count) throws InterruptedException {
        var names = new ArrayList<String>(count);
        for (var i = 0; i < count; i++) {
            names.add(nextStream());
        }
        return eachOf(names, stream -> {
            client.createStream(stream, StreamConfig.getDefaultInstance(), true);
            return client.appender(stream, appenderConfig());
        });
    }

    private void drop(List<Appender> appenders) throws InterruptedException {
        eachOf(appenders, appender -> {
            appender.close();
            client.deleteStream(appender.stream());
            return appender;
        });
    }

    /// What `step` makes of each, in the same order; so many at a time.
    private static <T, R> List<R> eachOf(List<T> items, Function<T, R> step) throws InterruptedException {
        try (var threads = Executors.newFixedThreadPool(OUTSTANDING)) {
            var made = new ArrayList<R>(items.size());
            for (var one : threads.invokeAll(items.stream()
                    .<Callable<R>>map(item -> () -> step.apply(item))
                    .toList())) {
                made.add(one.get());
            }
            return made;
        } catch (ExecutionException failed) {
            var cause = failed.getCause();
            throw new IllegalStateException("one of " + items.size() + " failed: " + cause, cause);
        }
    }

    private static byte[][] values(int sizeBytes) {
        var random = new Random(42);
        var values = new byte[Math.clamp(MOST_VALUE_BYTES / sizeBytes, 1, MOST_VALUES)][sizeBytes];
        for (var value : values) {
            random.nextBytes(value);
        }
        return values;
    }

    private Measurement appends(Workload workload, int round, int logs, Load load) throws InterruptedException {
        var appenders = open(logs);
        var values = values(workload.sizeBytes());
        var timing = new Timing();
        if (logs > 1) {
            // The first record of a stream costs more than the others.
            pump(appenders, values, load, new Timing(), Long.MAX_VALUE, logs);
        }
        pump(appenders, values, load, new Timing(), nanosFromNow(options.warmUpSeconds()), Long.MAX_VALUE);
        timing.measure(true);
        var before = ProcessorTime.now(options.serverPids());
        var start = System.nanoTime();
        pump(appenders, values, load, timing, start + nanos(options.seconds()), Long.MAX_VALUE);
        var seconds = (System.nanoTime() - start) / 1e9;
        var used = ProcessorTime.now(options.serverPids()).since(before);
        drop(appenders);
        return measurement(workload, round, seconds, timing.records(), timing, used, load, logs, timing.note());
    }

    /// Appends until the time or the count is reached, then waits for the last answers.
    private static void pump(
            List<Appender> appenders, byte[][] values, Load load, Timing timing, long endNanos, long limit)
            throws InterruptedException {
        var window = new Semaphore(load.outstanding());
        for (var unit = 0L;
                unit * load.batch() < limit && (endNanos == Long.MAX_VALUE || System.nanoTime() - endNanos < 0);
                unit++) {
            window.acquire();
            var startNanos = System.nanoTime();
            var _ = append(appenders.get((int) (unit % appenders.size())), values, load.batch(), unit)
                    .acknowledged()
                    .whenComplete((receipt, failed) -> {
                        timing.done(startNanos, load.batch(), failed);
                        window.release();
                    });
        }
        if (!window.tryAcquire(load.outstanding(), LAST_ANSWERS_SECONDS, TimeUnit.SECONDS)) {
            timing.done(0, 0, new IllegalStateException("appends without an answer"));
        }
    }

    private Measurement producers(Workload workload, int round) throws InterruptedException {
        var stream = nextStream();
        client.createStream(stream, StreamConfig.getDefaultInstance(), true);
        var clients = new ArrayList<LogClient>();
        for (var i = 0; i < workload.count(); i++) {
            clients.add(new LogClient(client.config()));
        }
        var free = new LinkedBlockingQueue<>(eachOf(clients, one -> one.appender(stream, appenderConfig())));
        var values = values(workload.sizeBytes());
        var timing = new Timing();
        oneEach(free, values, new Timing(), nanosFromNow(options.warmUpSeconds()));
        timing.measure(true);
        var before = ProcessorTime.now(options.serverPids());
        var start = System.nanoTime();
        oneEach(free, values, timing, start + nanos(options.seconds()));
        var seconds = (System.nanoTime() - start) / 1e9;
        var used = ProcessorTime.now(options.serverPids()).since(before);
        eachOf(clients, one -> {
            one.close();
            return one;
        });
        client.deleteStream(stream);
        var load = new Load(workload.count(), 1);
        return measurement(workload, round, seconds, timing.records(), timing, used, load, 1, timing.note());
    }

    /// Whichever appender has its answer appends again; at the end all have theirs.
    private static void oneEach(BlockingQueue<Appender> free, byte[][] values, Timing timing, long endNanos)
            throws InterruptedException {
        var producers = free.size();
        for (var unit = 0L; System.nanoTime() - endNanos < 0; unit++) {
            var appender = free.take();
            var startNanos = System.nanoTime();
            var _ = appender.append(values[(int) (unit % values.length)])
                    .acknowledged()
                    .whenComplete((receipt, failed) -> {
                        timing.done(startNanos, 1, failed);
                        free.add(appender);
                    });
        }
        var giveUp = nanosFromNow(LAST_ANSWERS_SECONDS);
        while (free.size() < producers) {
            if (System.nanoTime() - giveUp > 0) {
                timing.done(0, 0, new IllegalStateException("appends without an answer"));
                return;
            }
            LockSupport.parkNanos(PACED_STEP_NANOS);
        }
    }

    private Measurement fill(Workload workload, int round) throws InterruptedException {
        client.createStream(FILLED_STREAM, StreamConfig.getDefaultInstance(), true);
        var load = saturation(workload.sizeBytes(), OUTSTANDING);
        var timing = new Timing();
        timing.measure(true);
        var before = ProcessorTime.now(options.serverPids());
        var start = System.nanoTime();
        try (var appender = client.appender(FILLED_STREAM, appenderConfig())) {
            var count = ((long) workload.count() << 30) / workload.sizeBytes();
            pump(List.of(appender), values(workload.sizeBytes()), load, timing, Long.MAX_VALUE, count);
        }
        var seconds = (System.nanoTime() - start) / 1e9;
        var used = ProcessorTime.now(options.serverPids()).since(before);
        return measurement(workload, round, seconds, timing.records(), timing, used, load, 1, timing.note());
    }

    private Measurement seek(Workload workload, int round) {
        var stream = client.describeStream(FILLED_STREAM);
        var offsets = new Random(round);
        var timing = new Timing();
        seekUntil(nanosFromNow(options.warmUpSeconds()), stream, offsets, new Timing());
        timing.measure(true);
        var before = ProcessorTime.now(options.serverPids());
        var start = System.nanoTime();
        seekUntil(start + nanos(options.seconds()), stream, offsets, timing);
        var seconds = (System.nanoTime() - start) / 1e9;
        var used = ProcessorTime.now(options.serverPids()).since(before);
        var load = new Load(1, 1);
        return measurement(workload, round, seconds, timing.records(), timing, used, load, 1, timing.note());
    }

    private void seekUntil(long endNanos, StreamDescription stream, Random offsets, Timing timing) {
        while (System.nanoTime() - endNanos < 0) {
            var offset = offsets.nextLong(stream.getStartOffset(), stream.getNextOffset());
            var began = System.nanoTime();
            var config = ReaderConfig.DEFAULTS.from(ReadFrom.offset(offset)).maxRecords(1);
            try (var reader = client.reader(FILLED_STREAM, config)) {
                var record = reader.next(Duration.ofSeconds(LAST_ANSWERS_SECONDS));
                timing.done(
                        began,
                        1,
                        record != null && record.offset() == offset
                                ? null
                                : new IllegalStateException("no record at offset " + offset));
            }
        }
    }

    /// The last record's: an appender acknowledges in order, so it speaks for all of the unit.
    private static PendingAppend append(Appender appender, byte[][] values, int batch, long unit) {
        var first = unit * batch;
        for (var i = 0; i < batch - 1; i++) {
            appender.append(values[(int) ((first + i) % values.length)]);
        }
        return appender.append(values[(int) ((first + batch - 1) % values.length)]);
    }

    private Measurement catchUp(Workload workload, int round) throws InterruptedException {
        var appenders = open(1);
        var load = saturation(workload.sizeBytes(), OUTSTANDING);
        var count = options.readBytes() / workload.sizeBytes() / load.batch() * load.batch();
        var timing = new Timing();
        pump(appenders, values(workload.sizeBytes()), load, timing, Long.MAX_VALUE, count);
        var before = ProcessorTime.now(options.serverPids());
        var start = System.nanoTime();
        var read = 0L;
        try (var reader = client.reader(appenders.getFirst().stream(), ReaderConfig.DEFAULTS.maxRecords(count))) {
            while (read < count && !reader.isAtEnd()) {
                read += take(reader, (value, arrivedNanos) -> {});
            }
        }
        var seconds = (System.nanoTime() - start) / 1e9;
        var used = ProcessorTime.now(options.serverPids()).since(before);
        if (read != count) {
            timing.done(0, 0, new IllegalStateException(count + " records were appended and " + read + " read"));
        }
        drop(appenders);
        return measurement(workload, round, seconds, read, timing, used, load, 1, timing.note());
    }

    /// A record's value and when its batch was taken.
    private interface Taker {
        void take(byte[] value, long takenNanos);
    }

    private static int take(Reader reader, Taker taker) {
        var batch = reader.nextBatch(POLL);
        if (batch == null) {
            return 0;
        }
        var taken = System.nanoTime();
        for (var record : batch.getRecordsList()) {
            taker.take(record.getValue().toByteArray(), taken);
        }
        return batch.getRecordsCount();
    }

    private Measurement tail(Workload workload, int round) throws InterruptedException {
        if (workload.sizeBytes() < Long.BYTES) {
            throw new IllegalArgumentException("W6 wants records of at least " + Long.BYTES + " bytes");
        }
        var appenders = open(1);
        var timing = new Timing();
        var seen = new AtomicLong();
        // What is acknowledged from memory is not durable yet: whoever appends relaxed reads relaxed.
        var isolation = options.durable() ? Isolation.ISOLATION_DURABLE : Isolation.ISOLATION_BUFFERED;
        var config = ReaderConfig.DEFAULTS.from(ReadFrom.earliest()).following().isolation(isolation);
        var readers = new ArrayList<Reader>();
        var consumers = new ArrayList<Thread>();
        for (var i = 0; i < workload.count(); i++) {
            var reader = client.reader(appenders.getFirst().stream(), config);
            readers.add(reader);
            consumers.add(Thread.ofPlatform().start(() -> {
                while (!reader.isAtEnd()) {
                    seen.addAndGet(take(
                            reader,
                            (value, takenNanos) ->
                                    timing.done(ByteBuffer.wrap(value).getLong(), 1, null)));
                }
            }));
        }
        var values = values(workload.sizeBytes());
        var start = System.nanoTime() + PACED_STEP_NANOS;
        var from = start + nanos(options.warmUpSeconds());
        var end = from + nanos(options.seconds());
        var before = ProcessorTime.now(options.serverPids());
        var measuring = false;
        var sent = 0L;
        for (var due = start; due - end < 0; due += PACED_STEP_NANOS) {
            for (var left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            if (!measuring && due - from >= 0) {
                measuring = true;
                timing.measure(true);
                before = ProcessorTime.now(options.serverPids());
            }
            // That this thread woke up late is not the service's doing; that an append held it up is.
            var now = System.nanoTime();
            var value = values[(int) (sent % values.length)].clone();
            ByteBuffer.wrap(value).putLong(now - due < PACED_STEP_NANOS ? now : due);
            var _ = appenders.getFirst().append(value).acknowledged().whenComplete((receipt, failed) -> {
                if (failed != null) {
                    timing.done(0, 0, failed);
                }
            });
            sent++;
        }
        var used = ProcessorTime.now(options.serverPids()).since(before);
        appenders.getFirst().flush(Duration.ofSeconds(LAST_ANSWERS_SECONDS));
        var giveUp = nanosFromNow(LAST_ANSWERS_SECONDS);
        var expected = sent * readers.size();
        while (seen.get() < expected && System.nanoTime() - giveUp < 0) {
            LockSupport.parkNanos(PACED_STEP_NANOS);
        }
        readers.forEach(Reader::close);
        for (var consumer : consumers) {
            consumer.join();
        }
        if (seen.get() != expected) {
            timing.done(0, 0, new IllegalStateException(expected + " records were due and " + seen.get() + " seen"));
        }
        drop(appenders);
        return measurement(
                workload, round, options.seconds(), timing.records(), timing, used, new Load(0, 1), 1, timing.note());
    }

    private Measurement measurement(
            Workload workload,
            int round,
            double seconds,
            long records,
            Timing timing,
            ProcessorTime used,
            Load load,
            int logs,
            String note) {
        var latency = workload.kind() == Workload.Kind.W5 ? new Histogram(1) : timing.latency();
        return new Measurement(
                workload,
                options.durable(),
                version,
                round,
                seconds,
                records,
                latency,
                used,
                !options.serverPids().isEmpty(),
                load.outstanding(),
                load.batch(),
                logs,
                timing.errors(),
                note);
    }

    private static long nanos(double seconds) {
        return (long) (seconds * 1e9);
    }

    private static long nanosFromNow(double seconds) {
        return System.nanoTime() + nanos(seconds);
    }
}
