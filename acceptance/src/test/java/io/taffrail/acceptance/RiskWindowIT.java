package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.client.Appender;
import io.taffrail.client.AppenderConfig;
import io.taffrail.client.LogClient;
import io.taffrail.client.LogClientException;
import io.taffrail.client.ReadFrom;
import io.taffrail.client.ReaderConfig;
import io.taffrail.proto.log.CommitMode;
import io.taffrail.proto.log.Isolation;
import io.taffrail.proto.log.ReplicationMode;
import io.taffrail.proto.log.StreamConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is acknowledged and not flushed spans at most three writer delays, under load and while the disk stands still,
/// by the service's own gauge, and by the times of the records that a disk which stands still does not hold.
/// `-Dtaffrail.seconds=S` of load.
class RiskWindowIT {
    private static final Duration LOAD = Duration.ofSeconds(Integer.getInteger("taffrail.seconds", 2));
    private static final AppenderConfig FROM_MEMORY = AppenderConfig.DEFAULTS
            .modes(CommitMode.COMMIT_MODE_ASYNC, ReplicationMode.REPLICATION_MODE_ASYNC)
            .inFlight(4 << 20, 20_000, AppenderConfig.WhenFull.WAIT, Duration.ofMinutes(5));
    private static final String STREAM = "risk";
    /// Two times, each cut to milliseconds.
    private static final int CLOCK_MILLIS = 1;

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(ints = {1, 10, 200})
    void isBoundedUnderLoad(int writerDelayMillis) throws Exception {
        try (var service = new ServiceProcess(folder, "-D", "taffrail.writer-delay=" + writerDelayMillis + "ms")
                        .jvmOptions(List.of(Programs.OPTIMISED))
                        .start();
                var client = LogClient.connect(service.address())) {
            client.createStream(STREAM, StreamConfig.getDefaultInstance(), false);
            var longestSeconds = 0.0;
            try (var load = new Load(client)) {
                var endNanos = System.nanoTime() + LOAD.toNanos();
                while (System.nanoTime() < endNanos) {
                    longestSeconds = Math.max(longestSeconds, service.metric("taffrail_risk_window_seconds"));
                    Thread.sleep(20);
                }
                assertTrue(load.acknowledged() > 0, "nothing was acknowledged");
                System.out.printf(
                        Locale.ROOT,
                        "writer delay %s ms: %,d records acknowledged from memory in %s s, window at most %.2f ms, bound %s ms%n",
                        writerDelayMillis,
                        load.acknowledged(),
                        LOAD.toSeconds(),
                        longestSeconds * 1e3,
                        3 * writerDelayMillis);
            }
            assertEquals(3e-3 * writerDelayMillis, service.metric("taffrail_risk_window_bound_seconds"), 1e-9);
            assertTrue(
                    longestSeconds > 0 && longestSeconds <= 3e-3 * writerDelayMillis,
                    "window of " + longestSeconds + " s");
        }
    }

    /// A file system of the test's own, frozen as for a snapshot: writes and flushes do not return.
    @Test
    void isBoundedWhileTheDiskStandsStill() throws Exception {
        var refusal = SmallDisk.refusal(folder);
        Skip.unless(refusal.isEmpty(), "a disk that stands still takes root and a loop device: " + refusal);
        var mountPoint = folder.resolve("disk");
        try (var disk = new SmallDisk(mountPoint, 256 << 20)) {
            // Only the data: a process whose output stands still stands still itself.
            Files.createSymbolicLink(folder.resolve("data"), Files.createDirectory(mountPoint.resolve("data")));
            var delayMillis = 10;
            try (var service = new ServiceProcess(
                                    folder,
                                    "-D",
                                    "taffrail.writer-delay=" + delayMillis + "ms",
                                    "-D",
                                    "taffrail.storage.reserve-bytes=16Mi",
                                    "-D",
                                    "taffrail.storage.segment-bytes=16Mi")
                            .start();
                    var client = LogClient.connect(service.address())) {
                client.createStream(STREAM, StreamConfig.getDefaultInstance(), false);
                var load = new Load(client);
                try {
                    load.awaitMoreThan(0);
                    disk.freeze();
                    var stalled = load.awaitStandstill();
                    var windowSeconds = service.metric("taffrail_risk_window_seconds");
                    System.out.printf(
                            Locale.ROOT,
                            "disk frozen: acknowledgements stop after %,d records, window %.2f ms, bound %s ms%n",
                            stalled,
                            windowSeconds * 1e3,
                            3 * delayMillis);
                    assertTrue(windowSeconds <= 3e-3 * delayMillis, "window of " + windowSeconds + " s");
                    var atRiskMillis = atRiskMillis(client, stalled);
                    System.out.println("by the records' own times: " + atRiskMillis + " ms");
                    assertTrue(atRiskMillis <= 3 * delayMillis + CLOCK_MILLIS, atRiskMillis + " ms are at risk");
                    disk.thaw();
                    load.awaitMoreThan(stalled);
                } finally {
                    disk.thaw();
                    load.close();
                }
            }
        }
    }

    /// The times of the oldest record that is not flushed and of the newest that is acknowledged, as the service gave
    /// them when it took them: what it says of itself has no part in this.
    private static long atRiskMillis(LogClient client, long acknowledged) throws InterruptedException {
        var durable = client.describeStream(STREAM).getDurableNextOffset();
        assertTrue(durable < acknowledged, "nothing is at risk: " + durable + " of " + acknowledged + " are flushed");
        var config = ReaderConfig.DEFAULTS.from(ReadFrom.offset(durable)).isolation(Isolation.ISOLATION_BUFFERED);
        try (var reader = client.reader(STREAM, config)) {
            var batch = Objects.requireNonNull(reader.nextBatch(Load.PATIENCE));
            var oldestMillis = batch.getTimestampMillis();
            while (batch.getBaseOffset() + batch.getRecordCount() < acknowledged) {
                batch = Objects.requireNonNull(reader.nextBatch(Load.PATIENCE));
            }
            return batch.getTimestampMillis() - oldestMillis;
        }
    }

    /// One producer that appends from memory for as long as it is open.
    private static final class Load implements AutoCloseable {
        private static final Duration STANDSTILL = Duration.ofSeconds(1);
        private static final Duration PATIENCE = Duration.ofMinutes(3);

        private final AtomicBoolean ends = new AtomicBoolean();
        private final Appender appender;

        Load(LogClient client) {
            appender = client.appender(STREAM, FROM_MEMORY);
            var _ = Thread.ofPlatform().name("load").start(() -> {
                var value = new byte[100];
                try {
                    while (!ends.get()) {
                        var _ = appender.append(value);
                    }
                } catch (LogClientException full) {
                    // It waited for room for minutes: the test has failed by then.
                }
            });
        }

        long acknowledged() {
            return appender.acknowledgedRecords();
        }

        void awaitMoreThan(long records) throws InterruptedException {
            var deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
            while (acknowledged() <= records) {
                assertTrue(System.nanoTime() < deadlineNanos, "no more than " + records + " records acknowledged");
                Thread.sleep(5);
            }
        }

        /// @return how many were acknowledged when none was any more
        long awaitStandstill() throws InterruptedException {
            var deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
            var last = acknowledged();
            var sinceNanos = System.nanoTime();
            while (System.nanoTime() - sinceNanos < STANDSTILL.toNanos()) {
                assertTrue(System.nanoTime() < deadlineNanos, "acknowledgements go on though the disk stands still");
                Thread.sleep(5);
                if (acknowledged() != last) {
                    last = acknowledged();
                    sinceNanos = System.nanoTime();
                }
            }
            return last;
        }

        @Override
        public void close() {
            ends.set(true);
            appender.close();
        }
    }
}
