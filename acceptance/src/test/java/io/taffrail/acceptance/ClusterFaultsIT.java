package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.taffrail.client.LogClient;
import io.taffrail.proto.control.FollowerStatus;
import io.taffrail.proto.control.State;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// Three replicas under load whose leadership moves, whose processes stop and whose connections are cut; nobody is
/// killed. One cluster for all tests: each waits until it is whole again.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClusterFaultsIT {
    private static final int TRANSFERS = Integer.getInteger("taffrail.transfers", 5);
    private static final int SPAN_SECONDS = Integer.getInteger("taffrail.span.seconds", 3);
    private static final int LEADER_STOPPED_SECONDS = Integer.getInteger("taffrail.leader.stopped.seconds", 5);

    private LocalCluster cluster;
    private LogClient client;
    private Load load;
    private final List<CutProxy> proxies = new ArrayList<>();
    private final Random random = new Random(20_261_126);

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        cluster = new LocalCluster(folder, 3);
        cluster.know(
                replica -> {
                    var proxy = new CutProxy(replica.peerAddress());
                    proxies.add(proxy);
                    return proxy.address();
                },
                LocalCluster.PATIENT);
        cluster.start();
        client = cluster.client();
        load = new Load(cluster, client, acknowledgement -> {});
    }

    @AfterAll
    void stop() {
        if (client != null) {
            client.close();
        }
        if (cluster != null) {
            cluster.close();
        }
        proxies.forEach(CutProxy::close);
    }

    @Test
    void leadershipMovesUnderLoadAndNoAppendFails() throws Exception {
        var pauses = new ArrayList<Double>();
        var commands = new ArrayList<Double>();
        load.round(random, 0, true, before -> {
            var felt = new Pauses(client, "transfers");
            cluster.await("appends are acknowledged", () -> felt.acknowledged() > 0);
            var leader = before.replica();
            for (var transfer = 0; transfer < TRANSFERS; transfer++) {
                var followers = cluster.without(leader);
                var target = followers.get(random.nextInt(followers.size()));
                var began = System.nanoTime();
                var hint = client.control()
                        .transferLeadership(OptionalInt.of(cluster.replicas().indexOf(target)))
                        .getLeader();
                var ended = System.nanoTime();
                assertEquals(target.address(), hint.getAddress());
                commands.add((ended - began) / 1e6);
                leader = target;
                cluster.awaitHealthy();
                pauses.add(felt.longestMillis(began - TimeUnit.MILLISECONDS.toNanos(10), ended));
            }
            felt.end();
            assertEquals(List.of(), felt.failures());
            assertEquals(0, felt.unresolved());
        });
        System.out.println("transfers under load: longest wait of a Sync + Quorum append "
                + Pauses.Latencies.ofMillis(pauses) + "; the command took " + Pauses.Latencies.ofMillis(commands));
    }

    @Test
    void aStoppedFollowerLeavesTheInSyncSetHoldsUpNobodyAndCatchesUp() throws Exception {
        var outcome = load.round(random, 0, true, before -> {
            var follower = cluster.without(before.replica()).getFirst();
            var id = cluster.replicas().indexOf(follower);
            var felt = new Pauses(client, "stopped-follower");
            cluster.await("appends are acknowledged", () -> felt.acknowledged() > 0);
            TimeUnit.SECONDS.sleep(1);
            var undisturbed = System.nanoTime();
            TimeUnit.SECONDS.sleep(SPAN_SECONDS);
            var stopped = System.nanoTime();
            follower.pause();
            try {
                cluster.await(
                        "the follower is out of the in-sync set",
                        () -> !follower(id).getInSync());
                TimeUnit.SECONDS.sleep(SPAN_SECONDS);
            } finally {
                follower.resume();
            }
            var resumed = System.nanoTime();
            cluster.awaitHealthy();
            felt.end();
            assertEquals(List.of(), felt.failures());
            System.out.println("a follower stopped: Sync + Quorum undisturbed " + felt.between(undisturbed, stopped)
                    + "; stopped " + felt.between(stopped, resumed));
        });
        cluster.standstills()
                .assertNobodyElected(outcome.epochBefore(), outcome.epochAfter(), "a follower's pause moves nobody");
    }

    @Test
    void aLeaderThatStoppedIsReplacedAndWhatItHeldDoesNotCount() throws Exception {
        load.round(random, 0, false, before -> {
            var old = before.replica();
            old.pause();
            try {
                cluster.await(
                        "another leads",
                        () -> cluster.leader()
                                .filter(next -> next.epoch() > before.epoch() && next.replica() != old)
                                .isPresent());
                TimeUnit.SECONDS.sleep(LEADER_STOPPED_SECONDS);
            } finally {
                old.resume();
            }
            cluster.await(
                    "the old leader follows",
                    () -> cluster.status(old)
                            .filter(status ->
                                    status.getState() == State.STATE_FOLLOWER && status.getEpoch() > before.epoch())
                            .isPresent());
        });
    }

    @Test
    void aFollowerThatHearsNothingIsLeftBehindAndComesBack() throws Exception {
        var outcome = load.round(random, 0, true, before -> {
            var deaf = cluster.without(before.replica()).getLast();
            var id = cluster.replicas().indexOf(deaf);
            var proxy = proxies.get(id);
            proxy.hold();
            try {
                cluster.await(
                        "it is out of the in-sync set", () -> !follower(id).getInSync());
                // Long enough to stand for election, were it not that the others hear their leader.
                TimeUnit.SECONDS.sleep(LocalCluster.LONGER_THAN_PATIENCE_SECONDS);
                proxy.cut();
            } finally {
                proxy.pass();
            }
        });
        cluster.standstills()
                .assertNobodyElected(
                        outcome.epochBefore(), outcome.epochAfter(), "one that hears nothing disturbs nobody");
    }

    @Test
    void connectionsThatAreCutAgainAndAgainCostNoAppend() throws Exception {
        load.round(random, 0, false, before -> {
            for (var cut = 0; cut < 20; cut++) {
                proxies.get(random.nextInt(proxies.size())).cut();
                TimeUnit.MILLISECONDS.sleep(random.nextInt(200));
            }
        });
    }

    @Test
    void slowAndUnsteadyConnectionsElectNobody() throws Exception {
        var outcome = load.round(random, 0, true, before -> {
            proxies.forEach(proxy -> proxy.delay(20, 100));
            try {
                TimeUnit.SECONDS.sleep(SPAN_SECONDS);
            } finally {
                proxies.forEach(proxy -> proxy.delay(0, 0));
            }
        });
        cluster.standstills()
                .assertNobodyElected(
                        outcome.epochBefore(), outcome.epochAfter(), "delay below the election timeout moves nobody");
    }

    @Test
    void everyReplicaNamesTheLeader() throws Exception {
        var before = cluster.awaitHealthy();
        for (var replica : cluster.replicas()) {
            try (var one = LogClient.connect(replica.address())) {
                cluster.await(
                        "it names the leader",
                        () -> before.replica().address().equals(one.whoLeads().getAddress()));
                // Found by way of a follower, too.
                one.describeStream(Cell.SYNC_QUORUM.stream());
            }
        }
    }

    /// As whoever leads now sees it.
    private FollowerStatus follower(int id) {
        return cluster.leader().stream()
                .flatMap(leader -> leader.status().getFollowersList().stream())
                .filter(follower -> follower.getNodeId() == id)
                .findFirst()
                .orElse(FollowerStatus.newBuilder().setInSync(true).build());
    }
}
