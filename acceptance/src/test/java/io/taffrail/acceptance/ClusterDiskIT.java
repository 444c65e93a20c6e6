package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.taffrail.client.AppenderConfig;
import io.taffrail.client.LogClient;
import io.taffrail.client.LogClientException;
import io.taffrail.proto.log.StreamConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Three replicas whose disks fail, fill and vanish under load.
class ClusterDiskIT {
    private static final int STORAGE_FAILED = 74;
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final long DISK_BYTES = 320 << 20;
    // taffrail.storage.reserve-bytes and two segments.
    private static final long APPENDS_END_BYTES = (8 + 2 * 4) << 20;

    @TempDir
    Path folder;

    private final Random random = new Random(20_261_126);

    private static String[] patientAnd(String... properties) {
        return Stream.concat(
                        Stream.of(LocalCluster.PATIENT),
                        Stream.of(properties).flatMap(property -> Stream.of("-D", property)))
                .toArray(String[]::new);
    }

    /// Byteman lets java.nio say EIO of writes and flushes while a file is there.
    @Test
    void aFlushThatFailsEndsTheReplicaAndTheOthersGoOn() throws Exception {
        try (var cluster = new LocalCluster(folder, 3, patientAnd("taffrail.io.method=Sync"))) {
            for (var replica : cluster.replicas()) {
                replica.jvmOptions(failingDisk(flag(cluster, replica)));
            }
            cluster.start();
            try (var client = cluster.client()) {
                var load = new Load(cluster, client, acknowledgement -> {});
                load.round(random, 1, false, before -> {
                    failOnce(cluster, before.replica());
                    cluster.await(
                            "another leads",
                            () -> cluster.leader()
                                    .filter(next -> next.epoch() > before.epoch())
                                    .isPresent());
                    restart(cluster, before.replica());
                });
                var outcome = load.round(random, 1, true, before -> {
                    var follower = cluster.without(before.replica()).getFirst();
                    failOnce(cluster, follower);
                    restart(cluster, follower);
                });
                cluster.standstills()
                        .assertNobodyElected(
                                outcome.epochBefore(), outcome.epochAfter(), "a follower's disk is no reason to elect");
            }
        }
    }

    /// The disk is well again before the process has ended: it must end all the same.
    private static void failOnce(LocalCluster cluster, ServiceProcess replica) throws Exception {
        var flag = flag(cluster, replica);
        Files.createFile(flag);
        var exitCode = replica.awaitEnd(LIMIT);
        Files.delete(flag);
        assertEquals(STORAGE_FAILED, exitCode);
    }

    private static Path flag(LocalCluster cluster, ServiceProcess replica) {
        return replica.data()
                .resolveSibling("the-disk-fails-" + cluster.replicas().indexOf(replica));
    }

    private static List<String> failingDisk(Path flag) throws Exception {
        return Stream.of(
                        LocalCluster.QUICK_AND_SMALL.stream(),
                        Stream.of("-Dfailing.disk.flag=" + flag),
                        Byteman.rules("failing-disk.btm").stream())
                .flatMap(options -> options)
                .toList();
    }

    @Test
    void disksThatFillOrVanishHoldUpNobodyElse() throws Exception {
        var refusal = SmallDisk.refusal(folder);
        if (!refusal.isEmpty()) {
            System.out.println("SKIPPED: no file systems of their own for the replicas, it takes root: " + refusal);
        }
        assumeTrue(refusal.isEmpty(), refusal);
        var disks = new ArrayList<SmallDisk>();
        try (var cluster = new LocalCluster(
                folder, 3, patientAnd("taffrail.storage.segment-bytes=4Mi", "taffrail.storage.reserve-bytes=8Mi"))) {
            try {
                for (var replica : cluster.replicas()) {
                    disks.add(new SmallDisk(replica.data(), DISK_BYTES));
                }
                cluster.start();
                try (var client = cluster.client()) {
                    var load = new Load(cluster, client, acknowledgement -> {});
                    aLeaderWithoutRoomRefusesAndResumes(cluster, client, disks);
                    aLeaderWhoseVolumeVanishesIsReplaced(cluster, load, disks);
                    aFollowerWithoutAByteHoldsUpNobody(cluster, load, disks);
                }
            } finally {
                cluster.replicas().forEach(ServiceProcess::close);
                disks.forEach(SmallDisk::close);
            }
        }
    }

    private static void aLeaderWithoutRoomRefusesAndResumes(
            LocalCluster cluster, LogClient client, List<SmallDisk> disks) throws Exception {
        var leader = cluster.awaitHealthy();
        cluster.standstills().forget();
        var disk = disks.get(cluster.replicas().indexOf(leader.replica()));
        client.createStream("full", StreamConfig.getDefaultInstance(), false);
        append(client, Duration.ofMinutes(2));
        disk.fillUpTo(APPENDS_END_BYTES / 2);
        cluster.await(
                "appends are refused",
                () -> refusal(client).filter(why -> why.contains("DISK_FULL")).isPresent());
        disk.empty();
        cluster.await("appends are taken again", () -> refusal(client).isEmpty());
        cluster.standstills()
                .assertNobodyElected(leader.epoch(), cluster.awaitHealthy().epoch(), "a full disk moves nobody");
    }

    /// Why an append was not taken. The client tries again for as long as it may, so it is the last problem
    /// of one that came too late.
    private static Optional<String> refusal(LogClient client) {
        try {
            append(client, Duration.ofSeconds(1));
            return Optional.empty();
        } catch (LogClientException refused) {
            return Optional.of(refused.getMessage());
        }
    }

    private static void append(LogClient client, Duration patience) {
        var config = AppenderConfig.DEFAULTS.deliveryTimeout(patience);
        try (var appender = client.appender("full", config)) {
            var _ = appender.append(new byte[100]).acknowledged().get(5, TimeUnit.MINUTES);
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof LogClientException refused) {
                throw refused;
            }
            throw new AssertionError(failed);
        } catch (InterruptedException | TimeoutException late) {
            throw new AssertionError(late);
        }
    }

    private void aLeaderWhoseVolumeVanishesIsReplaced(LocalCluster cluster, Load load, List<SmallDisk> disks)
            throws Exception {
        load.round(random, 1, false, before -> {
            var disk = disks.get(cluster.replicas().indexOf(before.replica()));
            disk.breakDown();
            assertEquals(STORAGE_FAILED, before.replica().awaitEnd(LIMIT));
            cluster.await(
                    "another leads",
                    () -> cluster.leader()
                            .filter(next -> next.epoch() > before.epoch())
                            .isPresent());
            disk.unmount();
            disk.mount();
            restart(cluster, before.replica());
        });
    }

    private void aFollowerWithoutAByteHoldsUpNobody(LocalCluster cluster, Load load, List<SmallDisk> disks)
            throws Exception {
        var outcome = load.round(random, 1, true, before -> {
            var follower = cluster.without(before.replica()).getFirst();
            var disk = disks.get(cluster.replicas().indexOf(follower));
            disk.fillUpTo(0);
            var leadersDisk = disks.get(cluster.replicas().indexOf(before.replica()));
            var sizeBefore = leadersDisk.freeBytes();
            // More than the segments that were prepared hold.
            cluster.await("the others go on", () -> sizeBefore - leadersDisk.freeBytes() > 16 << 20);
            disk.empty();
            if (!follower.isRunning()) {
                restart(cluster, follower);
            }
            cluster.awaitHealthy();
        });
        cluster.standstills()
                .assertNobodyElected(
                        outcome.epochBefore(), outcome.epochAfter(), "a follower's disk is no reason to elect");
    }

    private static void restart(LocalCluster cluster, ServiceProcess replica) throws Exception {
        replica.start();
        cluster.awaitHealthy();
    }
}
