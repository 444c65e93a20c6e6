package io.taffrail.service.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.taffrail.streams.CommitMode;
import io.taffrail.streams.Durability;
import io.taffrail.streams.Refusal;
import io.taffrail.streams.ReplicationMode;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// What clients appended and read, and how long acknowledgements took, by the level that was reached. Any thread.
public final class TrafficMetrics {
    private static final Duration[] BUCKETS = {
        Duration.ofNanos(100_000),
        Duration.ofNanos(250_000),
        Duration.ofNanos(500_000),
        Duration.ofMillis(1),
        Duration.ofNanos(2_500_000),
        Duration.ofMillis(5),
        Duration.ofMillis(10),
        Duration.ofMillis(25),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(250),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofSeconds(5)
    };

    private final Counter appendedBatches;
    private final Counter appendedRecords;
    private final Counter appendedBytes;
    private final Counter duplicates;
    private final Counter indeterminate;
    private final Counter readRecords;
    private final Counter readBytes;
    private final AtomicInteger readers = new AtomicInteger();
    private final Map<CommitMode, Map<ReplicationMode, Timer>> acknowledgements = new EnumMap<>(CommitMode.class);
    private final Map<Refusal.Code, Counter> refusals = new EnumMap<>(Refusal.Code.class);

    public TrafficMetrics(MeterRegistry registry) {
        appendedBatches = registry.counter("taffrail.append.batches");
        appendedRecords = registry.counter("taffrail.append.records");
        appendedBytes = registry.counter("taffrail.append.bytes");
        duplicates = registry.counter("taffrail.append.duplicates");
        indeterminate = registry.counter("taffrail.append.indeterminate");
        readRecords = registry.counter("taffrail.read.records");
        readBytes = registry.counter("taffrail.read.bytes");
        registry.gauge("taffrail.readers", readers);
        for (var commitMode : CommitMode.values()) {
            var byReplication = new EnumMap<ReplicationMode, Timer>(ReplicationMode.class);
            for (var replicationMode : ReplicationMode.values()) {
                byReplication.put(
                        replicationMode,
                        Timer.builder("taffrail.append.acknowledgement")
                                .description("From the request's last byte to its acknowledgement")
                                .tag("commit_mode", commitMode.name())
                                .tag("replication_mode", replicationMode.name())
                                .serviceLevelObjectives(BUCKETS)
                                .register(registry));
            }
            acknowledgements.put(commitMode, byReplication);
        }
        for (var code : Refusal.Code.values()) {
            refusals.put(code, registry.counter("taffrail.append.refused", "code", code.name()));
        }
    }

    public void acknowledged(Durability reached, long nanos, int records, int bytes, boolean duplicate) {
        var byReplication = acknowledgements.get(reached.commitMode());
        var timer = byReplication == null ? null : byReplication.get(reached.replicationMode());
        if (timer != null) {
            timer.record(nanos, TimeUnit.NANOSECONDS);
        }
        if (duplicate) {
            duplicates.increment();
            return;
        }
        appendedBatches.increment();
        appendedRecords.increment(records);
        appendedBytes.increment(bytes);
    }

    public void refused(Refusal.Code code) {
        var counter = refusals.get(code);
        if (counter != null) {
            counter.increment();
        }
    }

    public void indeterminate() {
        indeterminate.increment();
    }

    public void read(long records, long bytes) {
        readRecords.increment((double) records);
        readBytes.increment((double) bytes);
    }

    public int readerOpened() {
        return readers.incrementAndGet();
    }

    public void readerClosed() {
        readers.decrementAndGet();
    }
}
