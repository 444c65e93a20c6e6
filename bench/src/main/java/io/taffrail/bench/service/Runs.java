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
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/// The workloads. A run makes its own streams and deletes them; it ends by the clock or by a count.
final class Runs {
    private static final int VALUES = 4096;
    private static final int MANY_STREAMS = 1_000;
    private static final int SATURATION_UNITS = 64;
    private static final int SATURATION_UNIT_BYTES = 64 << 10;
    private static final int LEAST_UNIT_RECORDS = 16;
    private static final long PACED_STEP_NANOS = 1_000_000;
    private static final long LAST_ANSWERS_SECONDS = 30;
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
            case W1 -> appends(workload, round, 1, new Load(1, 1));
            case W2 -> appends(workload, round, 1, new Load(64, 1));
            case W3 -> appends(workload, round, 1, saturation(workload.sizeBytes()));
            case W4 -> appends(workload, round, MANY_STREAMS, new Load(64, 1));
            case W5 -> catchUp(workload, round);
            case W6 -> tail(workload, round);
        };
    }

    private static Load saturation(int sizeBytes) {
        return new Load(SATURATION_UNITS, Math.max(LEAST_UNIT_RECORDS, SATURATION_UNIT_BYTES / sizeBytes));
    }

    private AppenderConfig appenderConfig() {
        return options.durable()
                ? AppenderConfig.DEFAULTS.modes(CommitMode.COMMIT_MODE_SYNC, ReplicationMode.REPLICATION_MODE_QUORUM)
                : AppenderConfig.DEFAULTS.modes(CommitMode.COMMIT_MODE_ASYNC, ReplicationMode.REPLICATION_MODE_ASYNC);
    }

    private List<Appender> open(int count) {
        var appenders = new ArrayList<Appender>(count);
        for (var i = 0; i < count; i++) {
            var stream = "bench-" + ProcessHandle.current().pid() + "-" + streams++;
            client.createStream(stream, StreamConfig.getDefaultInstance(), true);
            appenders.add(client.appender(stream, appenderConfig()));
        }
        return appenders;
    }

    private void drop(List<Appender> appenders) {
        for (var appender : appenders) {
            appender.close();
            client.deleteStream(appender.stream());
        }
    }

    private static byte[][] values(int sizeBytes) {
        var random = new Random(42);
        var values = new byte[VALUES][sizeBytes];
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

    /// The last record's: an appender acknowledges in order, so it speaks for all of the unit.
    private static PendingAppend append(Appender appender, byte[][] values, int batch, long unit) {
        var first = unit * batch;
        for (var i = 0; i < batch - 1; i++) {
            appender.append(values[(int) ((first + i) % VALUES)]);
        }
        return appender.append(values[(int) ((first + batch - 1) % VALUES)]);
    }

    private Measurement catchUp(Workload workload, int round) throws InterruptedException {
        var appenders = open(1);
        var load = saturation(workload.sizeBytes());
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
        var reader = client.reader(appenders.getFirst().stream(), config);
        var consumer = Thread.ofPlatform().start(() -> {
            while (!reader.isAtEnd()) {
                seen.addAndGet(take(
                        reader,
                        (value, takenNanos) ->
                                timing.done(ByteBuffer.wrap(value).getLong(), 1, null)));
            }
        });
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
            var value = values[(int) (sent % VALUES)].clone();
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
        while (seen.get() < sent && System.nanoTime() - giveUp < 0) {
            LockSupport.parkNanos(PACED_STEP_NANOS);
        }
        reader.close();
        consumer.join();
        if (seen.get() != sent) {
            timing.done(0, 0, new IllegalStateException(sent + " records were sent and " + seen.get() + " seen"));
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
