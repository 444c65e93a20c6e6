package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.client.AppenderConfig;
import io.taffrail.proto.control.ReplicaStatus;
import io.taffrail.proto.log.StreamConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A process that stood still while its node got a successor under the same name, and goes on.
class PredecessorIT {
    private static final int RECORDS = 100;

    @TempDir
    Path folder;

    @Test
    void itsSuccessorIsHeardAndShippedToThoughTheOldConnectionsAreAlive() throws Exception {
        var proxies = new HashMap<ServiceProcess, CutProxy>();
        try (var cluster = new LocalCluster(folder, 3)) {
            cluster.know(
                    replica -> {
                        var proxy = new CutProxy(replica.peerAddress());
                        proxies.put(replica, proxy);
                        return proxy.address();
                    },
                    LocalCluster.PATIENT);
            cluster.start();
            var before = cluster.awaitHealthy();
            var old = cluster.without(before.replica()).getFirst();
            var host = old.address().substring(0, old.address().lastIndexOf(':'));
            old.pause();
            copy(old.data(), folder.resolve("elsewhere").resolve("data"));
            try (var successor = new ServiceProcess(
                            host, folder.resolve("elsewhere"), Ports.free(host), Ports.free(host), Ports.free(host))
                    .jvmOptions(LocalCluster.QUICK_AND_SMALL)
                    .options(old.options())) {
                // As a name that is resolved anew: the connections that there are go on.
                Objects.requireNonNull(proxies.get(old)).lead(successor.peerAddress());
                successor.begin();
                cluster.await("the successor has read its log", () -> incarnation(cluster, successor) > 0);
                old.resume();
                append(cluster);
                var leader = cluster.awaitLeader();
                cluster.await(
                        "the successor has the leader's log",
                        () -> flushed(cluster, successor) >= leader.status().getFlushedLsn());
                cluster.awaitHealthy();
                assertEquals(before.replica(), leader.replica(), "a follower's successor moves nobody");
                assertTrue(incarnation(cluster, successor) > incarnation(cluster, old));
                assertTrue(
                        flushed(cluster, old) < flushed(cluster, successor),
                        "the predecessor was shipped what its successor was");
            }
        } finally {
            proxies.values().forEach(CutProxy::close);
        }
    }

    private static void append(LocalCluster cluster) throws Exception {
        try (var client = cluster.client()) {
            client.createStream("after", StreamConfig.getDefaultInstance(), true);
            var outcomes = new ArrayList<CompletableFuture<?>>();
            try (var appender = client.appender("after", AppenderConfig.DEFAULTS)) {
                for (var record = 0; record < RECORDS; record++) {
                    outcomes.add(appender.append(new byte[100]).acknowledged().toCompletableFuture());
                }
            }
            outcomes.forEach(CompletableFuture::join);
        }
    }

    private static long incarnation(LocalCluster cluster, ServiceProcess replica) {
        return cluster.status(replica).map(ReplicaStatus::getIncarnation).orElse(0L);
    }

    private static long flushed(LocalCluster cluster, ServiceProcess replica) {
        return cluster.status(replica).map(ReplicaStatus::getFlushedLsn).orElse(0L);
    }

    private static void copy(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (var file : files.toList()) {
                var copied = to.resolve(from.relativize(file));
                if (Files.isDirectory(file)) {
                    Files.createDirectories(copied);
                } else {
                    Files.copy(file, copied);
                }
            }
        }
    }
}
