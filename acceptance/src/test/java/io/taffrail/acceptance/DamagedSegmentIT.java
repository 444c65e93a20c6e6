package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.proto.control.Integrity;
import io.taffrail.proto.control.ReplicaStatus;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A bit flips in a closed segment of a replica that runs: of the only one, of a follower, of the leader.
class DamagedSegmentIT {
    private static final int LINES = 6_000;
    private static final int LINE_BYTES = 1_000;
    /// Behind the segment's header and some records.
    private static final int FIRST_BYTE = 3 * 4096;
    private static final Pattern UNREADABLE = Pattern.compile("offsets (\\d+) to (\\d+) of stream");
    private static final int DATA_LOSS_EXIT_CODE = 4;
    private static final String[] OPTIONS = Stream.concat(
                    Stream.of(ServiceProcess.SMALL_LOG),
                    Stream.of("-D", "taffrail.scrub.bytes-per-second=64Mi", "-D", "taffrail.scrub.interval=1s"))
            .toArray(String[]::new);

    @TempDir
    Path folder;

    private Path lines() throws IOException {
        var lines = new ArrayList<String>(LINES);
        for (var i = 0; i < LINES; i++) {
            lines.add(String.format(Locale.ROOT, "%06d", i) + "x".repeat(LINE_BYTES));
        }
        return Files.write(folder.resolve("lines"), lines);
    }

    /// A byte of a record in the second segment.
    private static void damage(ServiceProcess replica) throws IOException {
        List<Path> segments;
        try (var files = Files.list(replica.data().resolve("log"))) {
            segments = files.filter(file -> file.toString().endsWith(".segment"))
                    .sorted()
                    .toList();
        }
        assertTrue(segments.size() > 4, segments::toString);
        try (var file = new RandomAccessFile(segments.get(1).toFile(), "rw")) {
            var bytes = new byte[1 << 16];
            file.seek(FIRST_BYTE);
            file.readFully(bytes);
            var position = FIRST_BYTE;
            while (bytes[position - FIRST_BYTE] != 'x') {
                position++;
            }
            file.seek(position);
            file.write('x' ^ 4);
        }
    }

    private static void awaitStatus(
            LocalCluster cluster, ServiceProcess replica, String what, Predicate<ReplicaStatus> condition)
            throws InterruptedException {
        cluster.await(what, () -> cluster.status(replica).filter(condition).isPresent());
    }

    @Test
    void theOnlyReplicaNamesTheRangeAndServesEverythingElse() throws Exception {
        var lines = lines();
        try (var cluster = new LocalCluster(folder, 1, OPTIONS).start()) {
            var service = cluster.replica(0);
            var cli = new CommandLine(service.address(), folder);
            cli.run("append", "s", lines.toString(), "--create");
            damage(service);
            awaitStatus(
                    cluster,
                    service,
                    "it is found",
                    status -> status.getDamagedRangesCount() == 1
                            && status.getIntegrity() == Integrity.INTEGRITY_DAMAGED);
            var shown = cli.run("status");
            assertTrue(shown.contains("integrity   damaged"), shown);
            assertTrue(shown.contains("damage      LSN"), shown);
            assertTrue(shown.contains("reads of that range are refused"), shown);

            var asSeenByAll = cli.run("cluster", "status");
            assertTrue(asSeenByAll.contains("1 range, "), asSeenByAll);

            String[] read = {"read", "s"};
            var refused = cli.end(cli.start(read), read);
            assertEquals(DATA_LOSS_EXIT_CODE, refused.exitCode(), refused.err());
            var range = UNREADABLE.matcher(refused.err());
            assertTrue(range.find(), refused.err());
            var first = Integer.parseInt(range.group(1));
            var behind = Integer.parseInt(range.group(2)) + 1;
            assertTrue(first > 0 && behind > first && behind < LINES, refused.err());
            var all = Files.readAllLines(lines);
            assertEquals(String.join("\n", all.subList(0, first)) + "\n", refused.out());
            assertEquals(
                    String.join("\n", all.subList(behind, LINES)) + "\n",
                    cli.run("read", "s", "--from", String.valueOf(behind)));
            // It is the only copy, so it goes on.
            cli.run("append", "s", lines.toString());
        }
    }

    @Test
    void aFollowerAndThenTheLeaderAreFilledFromTheOthers() throws Exception {
        var lines = lines();
        var options = Stream.concat(Stream.of(OPTIONS), Stream.of(LocalCluster.PATIENT));
        try (var cluster = new LocalCluster(folder, 3, options.toArray(String[]::new)).start()) {
            var cli = new CommandLine(cluster.addresses(), folder);
            cli.run("append", "s", lines.toString(), "--create");
            var leader = cluster.awaitHealthy();
            var follower = cluster.without(leader.replica()).getFirst();
            cluster.standstills().forget();
            damage(follower);
            awaitStatus(cluster, follower, "the follower is repaired", DamagedSegmentIT::isRepaired);
            cluster.standstills()
                    .assertNobodyElected(leader.epoch(), cluster.awaitHealthy().epoch(), "nobody else had to lead");

            damage(leader.replica());
            awaitStatus(cluster, leader.replica(), "the old leader is repaired", DamagedSegmentIT::isRepaired);
            assertTrue(cluster.awaitHealthy().epoch() > leader.epoch(), "another leads");
            assertEquals(Files.readString(lines), cli.run("read", "s"));
            for (var replica : List.of(follower, leader.replica())) {
                cluster.await("its log says so", () -> says(replica, "the log is damaged from LSN"));
                cluster.await("its log says so", () -> says(replica, "written anew, and is whole"));
                // No copy is better than another: each of them is verified whole, on its own disk.
                replica.stop();
                var verified = cli.run("wal", "verify", replica.data().toString());
                assertTrue(verified.startsWith("clean"), verified);
            }
        }
    }

    private static boolean says(ServiceProcess replica, String what) {
        try {
            return Files.readString(replica.log(), StandardCharsets.UTF_8).contains(what);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static boolean isRepaired(ReplicaStatus status) {
        return status.getRepairedSegments() == 1
                && status.getDamagedRangesCount() == 0
                && status.getIntegrity() == Integrity.INTEGRITY_INTACT;
    }
}
