package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.client.AppenderConfig;
import io.taffrail.client.LogClient;
import io.taffrail.proto.log.StreamConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What three replicas on one machine do, beside one replica in the same minutes. Not part of a build:
/// `bench/cluster` runs it, prints what it found, and fails only if something breaks, never because it was slow.
class ClusterFigures {
    private static final int SECONDS = Integer.getInteger("taffrail.figures.seconds", 5);
    private static final int TRANSFERS = Integer.getInteger("taffrail.figures.transfers", 20);
    private static final long BEHIND_BYTES = Long.getLong("taffrail.figures.behind.mib", 2_048) << 20;
    /// Parts that are wanted; empty: all of them.
    private static final Set<String> ONLY = Stream.of(
                    System.getProperty("taffrail.figures.only", "").split(",", -1))
            .filter(part -> !part.isBlank())
            .collect(Collectors.toSet());
    private static final Set<String> PARTS =
            Set.of("throughput", "outstanding", "latency", "followers", "transfers", "catch-up");
    private static final int STEADY_RECORDS_PER_SECOND = 1_000;
    private static final int OUTSTANDING = 64;
    private static final int OUTSTANDING_RECORD_BYTES = 1_024;
    private static final int OUTSTANDING_ROUNDS = 6;
    private static final int CATCH_UP_RECORD_BYTES = 8 << 10;
    private static final List<String> AS_SHIPPED = List.of("-XX:+ExitOnOutOfMemoryError", "-Xmx1g");

    @TempDir
    Path folder;

    private final Random random = new Random(1);

    @Test
    void measure() throws Exception {
        try (var one = new LocalCluster(folder.resolve("one"), 1)
                        .jvmOptions(AS_SHIPPED)
                        .start();
                var three = new LocalCluster(folder.resolve("three"), 3)
                        .jvmOptions(AS_SHIPPED)
                        .start();
                var toOne = one.client();
                var toThree = three.client()) {
            warmUp(toOne);
            warmUp(toThree);
            if (wants("throughput")) {
                throughput(toOne, toThree, 100);
                throughput(toOne, toThree, 1_000);
            }
            if (wants("outstanding")) {
                outstanding(toOne, toThree);
            }
            if (wants("latency")) {
                latency(toOne, toThree);
            }
            one.replicas().forEach(ServiceProcess::close);
            if (wants("followers")) {
                followers(three, toThree);
            }
            if (wants("transfers")) {
                transfers(three, toThree);
            }
            if (wants("catch-up")) {
                catchUp(three, toThree);
            }
        }
    }

    private static boolean wants(String part) {
        assertTrue(PARTS.containsAll(ONLY), () -> "taffrail.figures.only is " + ONLY + ": allowed are " + PARTS);
        return ONLY.isEmpty() || ONLY.contains(part);
    }

    private void warmUp(LogClient client) throws Exception {
        for (var cell : Cell.values()) {
            saturate(client, cell, 100);
        }
    }

    private void throughput(LogClient one, LogClient three, int recordBytes) throws Exception {
        System.out.println();
        System.out.printf(
                Locale.ROOT,
                "| records of %s B, one appender | one replica, records/s | three replicas, records/s | ratio |%n",
                recordBytes);
        System.out.printf(Locale.ROOT, "|---|--:|--:|--:|%n");
        for (var cell : Cell.values()) {
            var alone = saturate(one, cell, recordBytes);
            var together = saturate(three, cell, recordBytes);
            System.out.printf(Locale.ROOT, "| %s | %,.0f | %,.0f | %.2f |%n", cell, alone, together, together / alone);
        }
    }

    /// Records acknowledged a second.
    private double saturate(LogClient client, Cell cell, int recordBytes) throws Exception {
        client.createStream(cell.stream(), StreamConfig.getDefaultInstance(), true);
        var value = new byte[recordBytes];
        random.nextBytes(value);
        var config = AppenderConfig.DEFAULTS.modes(cell.commit(), cell.replication());
        long before;
        long after;
        long beganNanos;
        long endedNanos;
        try (var appender = client.appender(cell.stream(), config)) {
            var stop = new AtomicBoolean();
            var thread = Thread.ofPlatform().start(() -> {
                while (!stop.get()) {
                    var _ = appender.append(value);
                }
            });
            TimeUnit.SECONDS.sleep(1);
            before = appender.acknowledgedRecords();
            beganNanos = System.nanoTime();
            TimeUnit.SECONDS.sleep(SECONDS);
            after = appender.acknowledgedRecords();
            endedNanos = System.nanoTime();
            stop.set(true);
            thread.join();
        }
        client.trimStream(cell.stream(), client.describeStream(cell.stream()).getNextOffset());
        return (after - before) * 1e9 / (endedNanos - beganNanos);
    }

    /// Several rounds, because the compilers of five processes are busy in the first.
    private static void outstanding(LogClient one, LogClient three) throws Exception {
        System.out.println();
        System.out.printf(
                Locale.ROOT,
                "| Sync + Quorum, %s records of %s B outstanding | one replica, records/s, p50, p99 ms | three |  |  | ratio |%n",
                OUTSTANDING,
                OUTSTANDING_RECORD_BYTES);
        System.out.printf(Locale.ROOT, "|---|--:|--:|--:|--:|--:|--:|--:|%n");
        for (var round = 1; round <= OUTSTANDING_ROUNDS; round++) {
            var alone = keepOutstanding(one);
            var together = keepOutstanding(three);
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %,d | %.2f | %.2f | %,d | %.2f | %.2f | %.2f |%n",
                    round,
                    alone.count() / SECONDS,
                    alone.percentileMillis(50),
                    alone.percentileMillis(99),
                    together.count() / SECONDS,
                    together.percentileMillis(50),
                    together.percentileMillis(99),
                    (double) together.count() / alone.count());
        }
    }

    /// How long each acknowledgement took that came within [#SECONDS].
    private static Pauses.Latencies keepOutstanding(LogClient client) throws Exception {
        client.createStream("outstanding", StreamConfig.getDefaultInstance(), true);
        var config = AppenderConfig.DEFAULTS.modes(Cell.SYNC_QUORUM.commit(), Cell.SYNC_QUORUM.replication());
        var free = new Semaphore(OUTSTANDING);
        var failures = new ConcurrentLinkedQueue<Throwable>();
        var nanos = LongStream.builder();
        var value = new byte[OUTSTANDING_RECORD_BYTES];
        new Random(1).nextBytes(value);
        try (var appender = client.appender("outstanding", config)) {
            var began = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
            var end = began + TimeUnit.SECONDS.toNanos(SECONDS);
            while (System.nanoTime() < end) {
                assertTrue(free.tryAcquire(1, TimeUnit.MINUTES), "no append was acknowledged for a minute");
                var from = System.nanoTime();
                var _ = appender.append(value).acknowledged().whenComplete((_, failure) -> {
                    var now = System.nanoTime();
                    if (failure != null) {
                        failures.add(failure);
                    } else if (now >= began && now < end) {
                        synchronized (nanos) {
                            nanos.add(now - from);
                        }
                    }
                    free.release();
                });
            }
            assertTrue(free.tryAcquire(OUTSTANDING, 1, TimeUnit.MINUTES), "not all was acknowledged within a minute");
        }
        assertEquals(List.of(), List.copyOf(failures));
        client.trimStream("outstanding", client.describeStream("outstanding").getNextOffset());
        synchronized (nanos) {
            return Pauses.Latencies.ofNanos(nanos.build());
        }
    }

    private static void latency(LogClient one, LogClient three) throws Exception {
        System.out.println();
        System.out.printf(
                Locale.ROOT,
                "| acknowledged after, %,d records of 100 B a second | replicas | p50 ms | p99 | p99.9 |%n",
                STEADY_RECORDS_PER_SECOND);
        System.out.printf(Locale.ROOT, "|---|--:|--:|--:|--:|%n");
        for (var cell : Cell.values()) {
            row(cell, 1, steady(one, cell));
            row(cell, 3, steady(three, cell));
        }
    }

    private static void row(Cell cell, int replicas, Pauses.Latencies latencies) {
        System.out.printf(
                Locale.ROOT,
                "| %s | %s | %.2f | %.2f | %.2f |%n",
                cell,
                replicas,
                latencies.percentileMillis(50),
                latencies.percentileMillis(99),
                latencies.percentileMillis(99.9));
    }

    private static Pauses.Latencies steady(LogClient client, Cell cell) throws Exception {
        var felt = new Pauses(client, "steady-" + cell.stream(), cell, STEADY_RECORDS_PER_SECOND);
        TimeUnit.SECONDS.sleep(1);
        var began = System.nanoTime();
        TimeUnit.SECONDS.sleep(SECONDS);
        var ended = System.nanoTime();
        felt.end();
        assertEquals(List.of(), felt.failures());
        return felt.between(began, ended);
    }

    /// Undisturbed and disturbed by turns, so that what else the machine does falls on both.
    private static void followers(LocalCluster cluster, LogClient client) throws Exception {
        System.out.println();
        System.out.printf(
                Locale.ROOT,
                "| Sync + Quorum, %,d records a second | p50 ms | p99 | p99.9 |%n",
                STEADY_RECORDS_PER_SECOND);
        System.out.printf(Locale.ROOT, "|---|--:|--:|--:|%n");
        for (var pair = 1; pair <= 2; pair++) {
            disturbed("undisturbed", cluster, client, follower -> TimeUnit.SECONDS.sleep(SECONDS));
            disturbed("one follower stopped (SIGSTOP)", cluster, client, follower -> {
                follower.pause();
                TimeUnit.SECONDS.sleep(SECONDS);
                follower.resume();
            });
            disturbed("undisturbed", cluster, client, follower -> TimeUnit.SECONDS.sleep(SECONDS));
            disturbed("one follower runs a tenth of the time", cluster, client, follower -> {
                var end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
                while (System.nanoTime() < end) {
                    follower.pause();
                    TimeUnit.MILLISECONDS.sleep(90);
                    follower.resume();
                    TimeUnit.MILLISECONDS.sleep(10);
                }
            });
        }
    }

    private interface Disturbance {
        void happen(ServiceProcess follower) throws Exception;
    }

    private static void disturbed(String what, LocalCluster cluster, LogClient client, Disturbance disturbance)
            throws Exception {
        var leader = cluster.awaitHealthy();
        var follower = cluster.without(leader.replica()).getFirst();
        var felt = new Pauses(client, "disturbed", Cell.SYNC_QUORUM, STEADY_RECORDS_PER_SECOND);
        TimeUnit.SECONDS.sleep(1);
        var began = System.nanoTime();
        disturbance.happen(follower);
        var latencies = felt.between(began, System.nanoTime());
        felt.end();
        assertEquals(List.of(), felt.failures());
        System.out.printf(
                Locale.ROOT,
                "| %s | %.2f | %.2f | %.2f |%n",
                what,
                latencies.percentileMillis(50),
                latencies.percentileMillis(99),
                latencies.percentileMillis(99.9));
    }

    private void transfers(LocalCluster cluster, LogClient client) throws Exception {
        var felt = new Pauses(client, "transfers", Cell.SYNC_QUORUM, STEADY_RECORDS_PER_SECOND);
        var longest = new ArrayList<Double>();
        for (var transfer = 0; transfer < TRANSFERS; transfer++) {
            var leader = cluster.awaitHealthy();
            TimeUnit.MILLISECONDS.sleep(500);
            var followers = cluster.without(leader.replica());
            var target = followers.get(random.nextInt(followers.size()));
            var began = System.nanoTime();
            var _ = client.control()
                    .transferLeadership(OptionalInt.of(cluster.replicas().indexOf(target)));
            cluster.awaitHealthy();
            longest.add(felt.longestMillis(began - TimeUnit.MILLISECONDS.toNanos(10), System.nanoTime()));
        }
        felt.end();
        assertEquals(List.of(), felt.failures());
        System.out.println();
        System.out.printf(
                Locale.ROOT,
                "%s transfers of leadership under load, no append failed; the longest wait of an append in each: %s%n",
                TRANSFERS,
                Pauses.Latencies.ofMillis(longest));
    }

    private static void catchUp(LocalCluster cluster, LogClient client) throws Exception {
        var leader = cluster.awaitHealthy();
        var follower = cluster.without(leader.replica()).getFirst();
        var id = cluster.replicas().indexOf(follower);
        follower.stop();
        client.createStream("behind", StreamConfig.getDefaultInstance(), true);
        var config = AppenderConfig.DEFAULTS
                .modes(Cell.SYNC_QUORUM.commit(), Cell.SYNC_QUORUM.replication())
                .deliveryTimeout(Duration.ofMinutes(5));
        try (var appender = client.appender("behind", config)) {
            for (var bytes = 0L; bytes < BEHIND_BYTES; bytes += CATCH_UP_RECORD_BYTES) {
                var _ = appender.append(new byte[CATCH_UP_RECORD_BYTES]);
            }
        }
        var felt = new Pauses(client, "meanwhile", Cell.SYNC_QUORUM, STEADY_RECORDS_PER_SECOND);
        TimeUnit.SECONDS.sleep(1);
        var alone = System.nanoTime();
        TimeUnit.SECONDS.sleep(SECONDS);
        var began = System.nanoTime();
        follower.start();
        var serves = System.nanoTime();
        cluster.await(
                "the follower has caught up",
                () -> cluster.status(leader.replica())
                        .filter(status -> status.getFollowersList().stream()
                                .anyMatch(seen -> seen.getNodeId() == id && seen.getInSync()))
                        .isPresent());
        var ended = System.nanoTime();
        felt.end();
        assertEquals(List.of(), felt.failures());
        System.out.println();
        System.out.printf(
                Locale.ROOT,
                "a follower %,d MiB behind: in sync %.1f s after it serves (%.1f s after its start), %.0f MB/s%n",
                BEHIND_BYTES >> 20,
                (ended - serves) / 1e9,
                (ended - began) / 1e9,
                BEHIND_BYTES * 1e3 / (ended - serves));
        System.out.printf(Locale.ROOT, "the leader's Sync + Quorum before: %s%n", felt.between(alone, began));
        System.out.printf(Locale.ROOT, "                       meanwhile: %s%n", felt.between(serves, ended));
    }
}
