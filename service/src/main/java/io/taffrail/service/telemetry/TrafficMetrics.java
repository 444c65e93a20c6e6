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
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

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

    private final LongAdder appendedBatches = new LongAdder();
    private final LongAdder appendedRecords = new LongAdder();
    private final LongAdder appendedBytes = new LongAdder();
    private final LongAdder duplicates = new LongAdder();
    private final LongAdder indeterminate = new LongAdder();
    private final LongAdder readRecords = new LongAdder();
    private final LongAdder readBytes = new LongAdder();
    private final AtomicInteger readers = new AtomicInteger();
    private final Map<CommitMode, Map<ReplicationMode, Timer>> acknowledgements = new EnumMap<>(CommitMode.class);
    private final Map<Refusal.Code, Counter> refusals = new EnumMap<>(Refusal.Code.class);

    public TrafficMetrics(MeterRegistry registry) {
        registry.more().counter("taffrail.append.batches", List.of(), appendedBatches);
        registry.more().counter("taffrail.append.records", List.of(), appendedRecords);
        registry.more().counter("taffrail.append.bytes", List.of(), appendedBytes);
        registry.more().counter("taffrail.append.duplicates", List.of(), duplicates);
        registry.more().counter("taffrail.append.indeterminate", List.of(), indeterminate);
        registry.more().counter("taffrail.read.records", List.of(), readRecords);
        registry.more().counter("taffrail.read.bytes", List.of(), readBytes);
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
        appendedRecords.add(records);
        appendedBytes.add(bytes);
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
        readRecords.add(records);
        readBytes.add(bytes);
    }

    public int readerOpened() {
        return readers.incrementAndGet();
    }

    public void readerClosed() {
        readers.decrementAndGet();
    }
}
