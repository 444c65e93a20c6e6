package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.client.Endpoint;
import io.taffrail.client.LogClient;
import io.taffrail.proto.control.Integrity;
import io.taffrail.proto.control.State;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two of three volumes are lost; a person goes on from the third with `taffrail cluster recover`.
class ClusterRecoverIT {
    private static final Pattern CLUSTER = Pattern.compile("cluster ([0-9a-f-]{36})");
    private static final Pattern CARRY_OUT = Pattern.compile("--accept-data-loss CLUSTER-ID --expect-last-lsn (\\d+)");

    @TempDir
    Path folder;

    @Test
    void theSurvivorGoesOnAndWhoComesBackIsOut() throws Exception {
        var lines = Files.writeString(folder.resolve("lines"), "one\ntwo\nthree\n");
        try (var cluster = new LocalCluster(folder, 3).start()) {
            var all = new CommandLine(cluster.addresses(), folder);
            all.run("append", "s", lines.toString(), "--create", "--replication-mode", "all");
            var leader = cluster.awaitHealthy();
            var survivor = cluster.without(leader.replica()).getFirst();
            var id = String.valueOf(cluster.replicas().indexOf(survivor));
            for (var lost : cluster.without(survivor)) {
                lost.kill();
            }
            var cli = new CommandLine(survivor.address(), folder);
            var endpoint = Endpoint.parse(survivor.address());
            try (var client = LogClient.connect(survivor.address())) {
                cluster.await(
                        "it knows no leader",
                        () -> cluster.status(survivor)
                                .filter(status -> status.getState() != State.STATE_LEADER
                                        && status.getLeader().getAddress().isEmpty())
                                .isPresent());
                var before = client.status(endpoint);

                var plan = cli.run("cluster", "recover", "--survivors", id);
                assertTrue(plan.contains("Nothing was changed"), plan);
                assertEquals(before.getHistoryId(), client.status(endpoint).getHistoryId());
                var clusterId = CLUSTER.matcher(plan);
                var lastLsn = CARRY_OUT.matcher(plan);
                assertTrue(clusterId.find() && lastLsn.find(), plan);

                String[] mistaken = {
                    "cluster",
                    "recover",
                    "--survivors",
                    id,
                    "--accept-data-loss",
                    "00000000-0000-4000-8000-000000000001",
                    "--expect-last-lsn",
                    lastLsn.group(1)
                };
                var refused = cli.end(cli.start(mistaken), mistaken);
                assertNotEquals(0, refused.exitCode(), refused.out());
                assertEquals(before.getHistoryId(), client.status(endpoint).getHistoryId(), "another cluster's id");

                var done = cli.run(
                        "cluster",
                        "recover",
                        "--survivors",
                        id,
                        "--accept-data-loss",
                        clusterId.group(1),
                        "--expect-last-lsn",
                        lastLsn.group(1));
                assertTrue(done.contains("carried out"), done);
                cluster.await(
                        "it leads alone",
                        () -> cluster.status(survivor)
                                .filter(status ->
                                        status.getState() == State.STATE_LEADER && status.getVotersCount() == 1)
                                .isPresent());
                assertNotEquals(before.getHistoryId(), client.status(endpoint).getHistoryId());
                assertEquals("one\ntwo\nthree\n", cli.run("read", "s"));
                cli.run("append", "s", lines.toString());
                assertEquals("one\ntwo\nthree\none\ntwo\nthree\n", cli.run("read", "s"));
            }
            // The old leader's volume was not lost after all; nobody may believe it.
            leader.replica().begin();
            cluster.await(
                    "it is told that it is out",
                    () -> cluster.status(leader.replica())
                            .filter(status -> status.getIntegrity() == Integrity.INTEGRITY_EVICTED)
                            .isPresent());
            assertEquals("one\ntwo\nthree\none\ntwo\nthree\n", cli.run("read", "s"));
        }
    }
}
