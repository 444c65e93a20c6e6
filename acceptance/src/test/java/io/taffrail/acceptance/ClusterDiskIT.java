package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.client.AppenderConfig;
import io.taffrail.client.LogClient;
import io.taffrail.client.LogClientException;
import io.taffrail.proto.control.State;
import io.taffrail.proto.log.StreamConfig;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
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
    private static final int TRY_AGAIN = 75;
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final long DISK_BYTES = 320 << 20;
    private static final int SEGMENT_BYTES = 4 << 20;
    // taffrail.storage.reserve-bytes and two segments.
    private static final long APPENDS_END_BYTES = (8 << 20) + 2 * SEGMENT_BYTES;

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
        skipWithoutSmallDisks();
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

    private void skipWithoutSmallDisks() throws InterruptedException {
        var refusal = SmallDisk.refusal(folder);
        Skip.unless(refusal.isEmpty(), "no file systems of their own for the replicas, it takes root: " + refusal);
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

    /// The log is buffered, since only then a failed flush makes the next start copy.
    @Test
    void aStartWithoutRoomGoesOnOrIsTriedAgainAndSaysSo() throws Exception {
        skipWithoutSmallDisks();
        try (var cluster = new LocalCluster(
                folder,
                3,
                patientAnd(
                        "taffrail.io.method=Sync",
                        "taffrail.io.direct=false",
                        "taffrail.storage.segment-bytes=4Mi",
                        "taffrail.storage.reserve-bytes=8Mi"))) {
            var replica = cluster.replica(0);
            try (var disk = new SmallDisk(replica.data(), DISK_BYTES)) {
                disk.fillUpTo(0);
                endsForWantOfRoom(replica);
                disk.empty();
                cluster.start();
                try (var client = cluster.client()) {
                    client.createStream("full", StreamConfig.getDefaultInstance(), false);
                    appendSegments(client, 3);
                    // Otherwise it may be back, and lead again, before the others have missed it.
                    if (cluster.awaitHealthy().replica().equals(replica)) {
                        var _ = client.control().transferLeadership(OptionalInt.of(1));
                    }
                    withoutRoom(cluster, replica, disk, () -> followsWithoutRoom(cluster, client, replica));
                    markAFailedFlush(replica);
                    withoutRoom(cluster, replica, disk, () -> {
                        endsForWantOfRoom(replica);
                        endsForWantOfRoom(replica);
                    });
                    spoilTheLog(replica);
                    withoutRoom(cluster, replica, disk, () -> endsForWantOfRoom(replica));
                    replica.kill();
                    Files.writeString(replica.data().resolve("meta"), "no such file of ours");
                    disk.fillUpTo(0);
                    replica.begin();
                    assertEquals(STORAGE_FAILED, replica.awaitEnd(LIMIT), "what is broken is not for want of room");
                }
            } finally {
                replica.close();
            }
        }
    }

    private static void appendSegments(LogClient client, int count) throws Exception {
        try (var appender = client.appender("full", AppenderConfig.DEFAULTS)) {
            var record = new byte[1 << 19];
            for (var i = 0; i < count * SEGMENT_BYTES / record.length; i++) {
                var _ = appender.append(record).acknowledged().get(5, TimeUnit.MINUTES);
            }
        }
    }

    @FunctionalInterface
    private interface Step {
        void run() throws Exception;
    }

    /// It is down before; afterwards there is room, and it counts again.
    private static void withoutRoom(LocalCluster cluster, ServiceProcess replica, SmallDisk disk, Step step)
            throws Exception {
        if (replica.isRunning()) {
            replica.kill();
        }
        disk.fillUpTo(0);
        step.run();
        disk.empty();
        if (!replica.isRunning()) {
            replica.start();
        }
        cluster.awaitHealthy();
    }

    private static void endsForWantOfRoom(ServiceProcess replica) throws Exception {
        var linesBefore =
                Files.exists(replica.log()) ? Files.readAllLines(replica.log()).size() : 0;
        replica.begin();
        assertEquals(TRY_AGAIN, replica.awaitEnd(LIMIT));
        var lines = Files.readAllLines(replica.log());
        var said = lines.subList(linesBefore, lines.size());
        var reasons = said.stream().filter(line -> line.contains("FATAL")).toList();
        assertEquals(1, reasons.size(), () -> String.join("\n", said));
        assertTrue(reasons.getFirst().contains("the disk is full, the next start tries again: "), reasons::getFirst);
        assertEquals(
                List.of(),
                said.stream().filter(line -> line.startsWith("\tat ")).toList());
        System.out.println(reasons.getFirst());
    }

    /// Nothing of what it needs is missing: it reads, and the others do not wait for it.
    private static void followsWithoutRoom(LocalCluster cluster, LogClient client, ServiceProcess replica)
            throws Exception {
        replica.start();
        cluster.await(
                "a replica without room follows",
                () -> cluster.status(replica)
                        .filter(status -> status.getState() == State.STATE_FOLLOWER)
                        .isPresent());
        append(client, Duration.ofMinutes(2));
    }

    /// As a process leaves it whose disk failed and could be written to once more.
    private static void markAFailedFlush(ServiceProcess replica) throws Exception {
        replica.kill();
        var mark = replica.data().resolve("storage-failures");
        assertEquals(4096, Files.size(mark), "its block is there before it is needed");
        try (var file = new RandomAccessFile(mark.toFile(), "rw")) {
            file.write((Instant.now() + " a flush failed\n").getBytes(StandardCharsets.US_ASCII));
            file.getFD().sync();
        }
    }

    /// What lies below the newest segment, and every checkpoint of the streams: such a log is begun anew.
    private static void spoilTheLog(ServiceProcess replica) throws Exception {
        replica.kill();
        for (var checkpoint : files(replica, "streams", ".checkpoint")) {
            Files.delete(checkpoint);
        }
        var segments = files(replica, "log", ".segment");
        assertTrue(segments.size() > 2, segments::toString);
        try (var first = new RandomAccessFile(segments.getFirst().toFile(), "rw")) {
            first.write(new byte[4096]);
            first.getFD().sync();
        }
    }

    private static List<Path> files(ServiceProcess replica, String folder, String suffix) throws Exception {
        try (var files = Files.list(replica.data().resolve(folder))) {
            return files.filter(file -> file.toString().endsWith(suffix))
                    .sorted()
                    .toList();
        }
    }

    private static void restart(LocalCluster cluster, ServiceProcess replica) throws Exception {
        replica.start();
        cluster.awaitHealthy();
    }
}
