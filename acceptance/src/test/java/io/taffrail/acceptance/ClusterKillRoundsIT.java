package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Three replicas, a writer for each cell, `kill -9` at random moments, a ledger. `-Dtaffrail.cluster.rounds=N` says
/// how often; `-Dtaffrail.seed=N` repeats what is killed and the delays, not the interleaving.
class ClusterKillRoundsIT {
    private static final int ROUNDS = Integer.getInteger("taffrail.cluster.rounds", 5);
    private static final int ROUNDS_BETWEEN_REPORTS = 10;

    @TempDir
    Path folder;

    /// Who is killed in a round.
    private enum Fault {
        LEADER,
        /// Started again before anybody can have missed it.
        LEADER_AND_BACK_AT_ONCE,
        FOLLOWER,
        LEADER_AND_FOLLOWER,
        ALL;

        boolean hitsLeader() {
            return this != FOLLOWER;
        }

        int victims() {
            return switch (this) {
                case LEADER, LEADER_AND_BACK_AT_ONCE, FOLLOWER -> 1;
                case LEADER_AND_FOLLOWER -> 2;
                case ALL -> 3;
            };
        }

        /// One of each first, then mostly leaders.
        static Fault of(int round, Random random) {
            if (round <= values().length) {
                return values()[round - 1];
            }
            var drawn = random.nextInt(100);
            return drawn < 75
                    ? LEADER
                    : drawn < 82
                            ? LEADER_AND_BACK_AT_ONCE
                            : drawn < 88 ? FOLLOWER : drawn < 94 ? LEADER_AND_FOLLOWER : ALL;
        }
    }

    private final Failovers failovers = new Failovers();
    private final Map<Fault, Integer> killed = new EnumMap<>(Fault.class);
    private final Set<Long> declaredEpochs = new TreeSet<>();

    @Test
    void losesOnlyWhatTheTableAllowsWhoeverIsKilled() throws Exception {
        var seed = Long.getLong("taffrail.seed", 1);
        var random = new Random(seed);
        System.out.println("cluster kill rounds: " + ROUNDS + ", seed " + seed);
        // A longer delay than the default, so that there is something to lose.
        try (var cluster = new LocalCluster(folder, 3, "-D", "taffrail.writer-delay=100ms").start();
                var client = cluster.client()) {
            var load = new Load(cluster, client, failovers::acknowledged);
            for (var round = 1; round <= ROUNDS; round++) {
                var fault = Fault.of(round, random);
                var outcome = load.round(
                        random, fault.victims(), false, before -> killAndRestart(cluster, before, fault, random));
                killed.merge(fault, 1, Integer::sum);
                declaredEpochs.addAll(outcome.declared());
                if (round % ROUNDS_BETWEEN_REPORTS == 0) {
                    report(round, load);
                    load.trim();
                }
            }
            report(ROUNDS, load);
            for (var writer : load.writers()) {
                assertTrue(writer.acknowledgedRecords > 0, writer.cell + " was never acknowledged anything");
            }
        }
    }

    private void killAndRestart(LocalCluster cluster, LocalCluster.Leader before, Fault fault, Random random)
            throws Exception {
        TimeUnit.MILLISECONDS.sleep(random.nextInt(600));
        var followers = cluster.without(before.replica());
        var follower = followers.get(random.nextInt(followers.size()));
        var victims = switch (fault) {
            case LEADER, LEADER_AND_BACK_AT_ONCE -> List.of(before.replica());
            case FOLLOWER -> List.of(follower);
            case LEADER_AND_FOLLOWER -> List.of(before.replica(), follower);
            case ALL -> cluster.replicas();
        };
        failovers.begin(before.epoch());
        for (var victim : victims) {
            victim.kill();
        }
        if (fault == Fault.LEADER) {
            cluster.await("the next leader acknowledges", failovers::isOver);
            failovers.record();
        }
        if (fault != Fault.LEADER_AND_BACK_AT_ONCE) {
            TimeUnit.MILLISECONDS.sleep(random.nextInt(300));
        }
        for (var victim : victims) {
            victim.begin();
        }
        for (var victim : victims) {
            victim.awaitReady();
        }
        cluster.awaitHealthy();
        if (fault.hitsLeader()) {
            cluster.await("the next leader acknowledges", failovers::isOver);
        }
    }

    private void report(int round, Load load) {
        var leaderKills = killed.entrySet().stream()
                .filter(entry -> entry.getKey().hitsLeader())
                .mapToInt(Map.Entry::getValue)
                .sum();
        System.out.printf("after %s rounds, %s kills of a leader, %s:%n", round, leaderKills, killed);
        load.report();
        System.out.println("  epochs that declared a possible loss: " + declaredEpochs.size());
        System.out.println("  from the kill of a leader to the next acknowledgement: " + failovers);
    }
}
