package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.client.LogClient;
import io.taffrail.proto.control.Election;
import io.taffrail.proto.log.Acknowledgement;
import io.taffrail.proto.log.StreamConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// A writer for each cell against one cluster, a round at a time, with the ledger at the end of each.
final class Load {
    // Longer than an appender tries to deliver.
    private static final Duration PATIENCE = Duration.ofMinutes(6);

    private final LocalCluster cluster;
    private final LogClient client;
    private final List<CellWriter> writers;
    private int rounds;

    /// What may happen in a round. Called while all writers write.
    interface Faults {
        void happen(LocalCluster.Leader before) throws Exception;
    }

    /// @param declared epochs that began in the round and said that asynchronous appends may be lost
    record Outcome(long epochBefore, long epochAfter, Set<Long> declared) {}

    Load(LocalCluster cluster, LogClient client, Consumer<Acknowledgement> observer) {
        this.cluster = cluster;
        this.client = client;
        this.writers = CellWriter.all(observer);
        writers.forEach(writer -> client.createStream(writer.cell.stream(), StreamConfig.getDefaultInstance(), false));
    }

    /// @param killed how many voters the faults make forget their memory
    /// @param handedOver no epoch ends but by a hand-over
    Outcome round(Random random, int killed, boolean handedOver, Faults faults) throws Exception {
        var before = cluster.awaitHealthy();
        cluster.standstills().forget();
        var round = ++rounds;
        var stop = new AtomicBoolean();
        var threads = new ArrayList<Thread>();
        for (var writer : writers) {
            var ownRandom = new Random(random.nextLong());
            threads.add(Thread.ofPlatform()
                    .name(writer.cell.stream())
                    .start(() -> writer.write(client, round, ownRandom, stop::get)));
        }
        try {
            cluster.await(
                    "every cell is acknowledged something",
                    () -> writers.stream().allMatch(writer -> writer.acknowledgedInRound.get() > 0));
            faults.happen(before);
        } finally {
            stop.set(true);
            for (var thread : threads) {
                assertTrue(thread.join(PATIENCE), thread.getName() + " does not end");
            }
        }
        var after = cluster.awaitHealthy();
        var orderly = handedOver && !cluster.standstills().happened();
        var declared = after.status().getElectionsList().stream()
                .filter(Election::getPossibleAsyncLoss)
                .map(Election::getEpoch)
                .filter(epoch -> epoch > before.epoch())
                .collect(Collectors.toSet());
        Ledger.judge(client, writers, new Ledger.Round(round, killed, orderly, after.epoch(), declared));
        return new Outcome(before.epoch(), after.epoch(), declared);
    }

    /// Long runs would fill the disk; what was judged is not needed any more.
    void trim() {
        writers.forEach(writer -> client.trimStream(writer.cell.stream(), writer.inLog));
    }

    List<CellWriter> writers() {
        return writers;
    }

    void report() {
        for (var writer : writers) {
            System.out.printf(
                    Locale.ROOT,
                    "  %-13s %,d acknowledged, %,d of them lost, %,d in the log%n",
                    writer.cell.stream(),
                    writer.acknowledgedRecords,
                    writer.lostRecords,
                    writer.inLog);
        }
    }
}
