package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.client.LogClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// Three replicas, each in a network namespace of its own, between which packets are lost without a word. Clients reach
/// all of them all the time, the cut-off ones too.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClusterPartitionIT {
    private static final int CLIENT_PORT = 9090;

    private Namespaces network;
    private LocalCluster cluster;
    private LogClient client;
    private Load load;
    private final Random random = new Random(20_261_126);

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        try {
            network = new Namespaces(3);
        } catch (IOException refused) {
            throw Skip.because(
                    "no network namespaces, they take root and ip and tc of iproute2: " + refused.getMessage());
        }
        var replicas = new ArrayList<ServiceProcess>();
        for (var id = 0; id < 3; id++) {
            replicas.add(new ServiceProcess(
                            network.address(id),
                            folder.resolve("replica-" + id),
                            CLIENT_PORT,
                            CLIENT_PORT + 1,
                            CLIENT_PORT + 2)
                    .jvmOptions(LocalCluster.QUICK_AND_SMALL)
                    .launcher(network.launcher(id)));
        }
        cluster = new LocalCluster(replicas, LocalCluster.PATIENT).start();
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
        if (network != null) {
            network.close();
        }
    }

    @Test
    void aLeaderThatIsCutOffIsReplacedAndKeepsNothingThatAMajorityLacks() throws Exception {
        var outcome = round(false, before -> {
            network.isolate(id(before));
            awaitNewLeader(before);
            TimeUnit.SECONDS.sleep(1);
        });
        assertTrue(outcome.epochAfter() > outcome.epochBefore());
    }

    @Test
    void aLeaderThatHearsNobodyThoughAllHearItIsReplaced() throws Exception {
        round(false, before -> {
            for (var other : cluster.without(before.replica())) {
                network.lose(cluster.replicas().indexOf(other), id(before));
            }
            awaitNewLeader(before);
        });
    }

    @Test
    void oneWireOfThreeThatIsCutMovesNobody() throws Exception {
        var outcome = round(true, before -> {
            var follower =
                    cluster.replicas().indexOf(cluster.without(before.replica()).getFirst());
            network.lose(id(before), follower);
            network.lose(follower, id(before));
            TimeUnit.SECONDS.sleep(LocalCluster.LONGER_THAN_PATIENCE_SECONDS);
        });
        cluster.standstills()
                .assertNobodyElected(
                        outcome.epochBefore(), outcome.epochAfter(), "the third hears the leader and refuses");
    }

    @Test
    void aWireThatLosesOneWayMovesNobody() throws Exception {
        var outcome = round(true, before -> {
            network.lose(
                    id(before),
                    cluster.replicas().indexOf(cluster.without(before.replica()).getLast()));
            TimeUnit.SECONDS.sleep(LocalCluster.LONGER_THAN_PATIENCE_SECONDS);
        });
        cluster.standstills()
                .assertNobodyElected(
                        outcome.epochBefore(), outcome.epochAfter(), "the third hears the leader and refuses");
    }

    @Test
    void aWireThatLosesLargePacketsOnlyTakesItsFollowerOutOfTheInSyncSet() throws Exception {
        var outcome = round(true, before -> {
            var follower =
                    cluster.replicas().indexOf(cluster.without(before.replica()).getFirst());
            network.loseLarge(id(before), follower);
            cluster.await(
                    "the follower is out of the in-sync set",
                    () -> cluster.status(before.replica())
                            .filter(status -> status.getFollowersList().stream()
                                    .anyMatch(seen -> seen.getNodeId() == follower && !seen.getInSync()))
                            .isPresent());
        });
        cluster.standstills().assertNobodyElected(outcome.epochBefore(), outcome.epochAfter(), "the others go on");
    }

    /// Whatever comes of it, the next one finds all wires whole.
    private Load.Outcome round(boolean handedOver, Load.Faults cuts) throws Exception {
        return load.round(random, 0, handedOver, before -> {
            try {
                cuts.happen(before);
            } finally {
                network.heal();
            }
        });
    }

    private int id(LocalCluster.Leader leader) {
        return cluster.replicas().indexOf(leader.replica());
    }

    private void awaitNewLeader(LocalCluster.Leader before) throws InterruptedException {
        cluster.await(
                "another leads",
                () -> cluster.leader()
                        .filter(next -> next.epoch() > before.epoch())
                        .isPresent());
    }
}
