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
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Writers at different levels append; the service is killed; what it acknowledged is compared with what it has
/// when it is back. `-Dtaffrail.rounds=N` says how often.
class KillRoundsIT {
    private static final int ROUNDS = Integer.getInteger("taffrail.rounds", 4);
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    @TempDir
    Path folder;

    /// Record `number` of its writer was acknowledged at this place in the log.
    private record Acknowledged(long number, long offset, long lsnEnd) {}

    /// One producer with a name, one stream, one level. Numbers its records 0, 1, 2, ... over all rounds.
    private static final class Writer {
        final String stream;
        final CommitMode commitMode;
        final ReplicationMode replicationMode;
        final ConcurrentLinkedQueue<Acknowledged> ledger = new ConcurrentLinkedQueue<>();
        final ConcurrentLinkedQueue<String> surprises = new ConcurrentLinkedQueue<>();
        long inLog;
        long acknowledgedRecords;
        long lostRecords;

        Writer(String stream, CommitMode commitMode, ReplicationMode replicationMode) {
            this.stream = stream;
            this.commitMode = commitMode;
            this.replicationMode = replicationMode;
        }

        /// Appends until it is interrupted, which is when the service has been killed.
        void write(LogClient client, Random random) {
            var config = AppenderConfig.DEFAULTS
                    .modes(commitMode, replicationMode)
                    .producerName(stream)
                    .batching(16 << 10, 200, Duration.ofMillis(1))
                    .inFlight(1 << 20, 2_000, AppenderConfig.WhenFull.WAIT, PATIENCE)
                    .deliveryTimeout(PATIENCE);
            Appender appender = null;
            try {
                appender = client.appender(stream, config);
                // A registration fences what was under way, so the service's count must be what was read back.
                if (appender.recordsBefore() != inLog) {
                    surprises.add(
                            "the service counts " + appender.recordsBefore() + " records, " + inLog + " were read");
                }
                for (var number = inLog; ; number++) {
                    var mine = number;
                    var _ = appender.append(record(stream, number, random))
                            .acknowledged()
                            .thenAccept(receipt -> ledger.add(new Acknowledged(
                                    mine,
                                    receipt.offset(),
                                    receipt.acknowledgement().getLsnEnd())));
                }
            } catch (LogClientException ended) {
                if (!ended.isRetryable() && !Thread.currentThread().isInterrupted()) {
                    surprises.add(ended.getMessage());
                }
            } finally {
                if (appender != null) {
                    closeQuietly(appender);
                }
            }
        }

        private static void closeQuietly(Appender appender) {
            try {
                appender.close();
            } catch (LogClientException expected) {
                // The service is dead; what was not acknowledged is of no interest here.
            }
        }
    }

    private static byte[] record(String stream, long number, Random random) {
        return (stream + ":" + number + ":" + "x".repeat(random.nextInt(200))).getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void keepsEverySyncRecordAndLosesOnlyASuffixOfTheAsyncOnes() throws Exception {
        var writers = List.of(
                new Writer("sync-quorum", CommitMode.COMMIT_MODE_SYNC, ReplicationMode.REPLICATION_MODE_QUORUM),
                new Writer("sync-async", CommitMode.COMMIT_MODE_SYNC, ReplicationMode.REPLICATION_MODE_ASYNC),
                new Writer("async-quorum", CommitMode.COMMIT_MODE_ASYNC, ReplicationMode.REPLICATION_MODE_QUORUM),
                new Writer("async-async", CommitMode.COMMIT_MODE_ASYNC, ReplicationMode.REPLICATION_MODE_ASYNC));
        var seed = Long.getLong("taffrail.seed", 1);
        var random = new Random(seed);
        System.out.println("kill rounds: " + ROUNDS + ", seed " + seed);
        // A longer delay than the default, so that there is something to lose.
        try (var service = new ServiceProcess(folder, "-D", "taffrail.writer-delay=100ms").start()) {
            try (var client = LogClient.connect(service.address())) {
                writers.forEach(writer -> client.createStream(writer.stream, StreamConfig.getDefaultInstance(), false));
            }
            for (var round = 1; round <= ROUNDS; round++) {
                oneRound(service, writers, random, round);
                if (round % 25 == 0) {
                    report(round, writers);
                }
            }
            for (var writer : writers) {
                assertEquals(writer.inLog, read(service, writer, 0), writer.stream + " read from its beginning");
            }
        }
        report(ROUNDS, writers);
        for (var writer : writers) {
            assertTrue(writer.acknowledgedRecords > 0, writer.stream + " was never acknowledged anything");
        }
    }

    private static void report(int round, List<Writer> writers) {
        System.out.println("after " + round + " kills:");
        for (var writer : writers) {
            System.out.printf(
                    Locale.ROOT,
                    "  %-13s %,d acknowledged, %,d of them lost, %,d in the log%n",
                    writer.stream,
                    writer.acknowledgedRecords,
                    writer.lostRecords,
                    writer.inLog);
        }
    }

    private void oneRound(ServiceProcess service, List<Writer> writers, Random random, int round) throws Exception {
        try (var client = LogClient.connect(service.address())) {
            var threads = new ArrayList<Thread>();
            for (var writer : writers) {
                var seed = random.nextLong();
                threads.add(
                        Thread.ofPlatform().name(writer.stream).start(() -> writer.write(client, new Random(seed))));
            }
            if (round == 1) {
                awaitAcknowledgements(writers, threads);
            }
            TimeUnit.MILLISECONDS.sleep(20 + random.nextInt(600));
            service.kill();
            for (var thread : threads) {
                thread.interrupt();
            }
            for (var thread : threads) {
                assertTrue(thread.join(PATIENCE), thread.getName() + " does not end");
            }
        } catch (LogClientException dead) {
            // Closing a client whose service is dead tells of what it could not deliver.
        }
        service.start();
        var lowestLost = Long.MAX_VALUE;
        var highestKept = 0L;
        for (var writer : writers) {
            assertEquals(List.of(), List.copyOf(writer.surprises), "round " + round + " " + writer.stream);
            writer.inLog = read(service, writer, writer.inLog);
            for (var acknowledged : writer.ledger) {
                writer.acknowledgedRecords++;
                assertEquals(acknowledged.number(), acknowledged.offset(), "the only writer of " + writer.stream);
                if (acknowledged.number() < writer.inLog) {
                    highestKept = Math.max(highestKept, acknowledged.lsnEnd());
                } else {
                    writer.lostRecords++;
                    lowestLost = Math.min(lowestLost, acknowledged.lsnEnd());
                    assertEquals(
                            CommitMode.COMMIT_MODE_ASYNC,
                            writer.commitMode,
                            "round " + round + ": " + writer.stream + " lost its record " + acknowledged.number());
                }
            }
            writer.ledger.clear();
        }
        assertTrue(
                lowestLost > highestKept,
                "round " + round + ": the loss is not a suffix: LSN " + lowestLost + " is gone, " + highestKept
                        + " is there");
    }

    /// Once: a later kill may come before anything was acknowledged.
    private static void awaitAcknowledgements(List<Writer> writers, List<Thread> threads) throws InterruptedException {
        var deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
        while (writers.stream().anyMatch(writer -> writer.ledger.isEmpty())
                && threads.stream().allMatch(Thread::isAlive)) {
            assertTrue(System.nanoTime() < deadlineNanos, "nothing is acknowledged");
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    /// Returns how many records the stream has; those from `first` on must be numbered without gap or repetition.
    private static long read(ServiceProcess service, Writer writer, long first) {
        try (var client = LogClient.connect(service.address());
                var reader = client.reader(
                        writer.stream,
                        ReaderConfig.DEFAULTS.from(ReadFrom.offset(first)).isolation(Isolation.ISOLATION_DURABLE))) {
            var number = first;
            while (!reader.isAtEnd()) {
                var next = reader.next(PATIENCE);
                if (next != null) {
                    assertEquals(number, next.offset(), writer.stream);
                    var expected = writer.stream + ":" + number + ":";
                    assertTrue(
                            next.value().toStringUtf8().startsWith(expected), "record " + number + " of " + expected);
                    number++;
                }
            }
            return number;
        }
    }
}
