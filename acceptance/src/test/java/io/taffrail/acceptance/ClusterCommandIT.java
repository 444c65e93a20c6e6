package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.taffrail.proto.log.DescribeStreamRequest;
import io.taffrail.proto.log.Error;
import io.taffrail.proto.log.ErrorCode;
import io.taffrail.proto.log.GetCursorRequest;
import io.taffrail.proto.log.ListCursorsRequest;
import io.taffrail.proto.log.ListStreamsRequest;
import io.taffrail.proto.log.LogGrpc;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `taffrail cluster ...` as a user types it.
class ClusterCommandIT {
    private static final long LIMIT_SECONDS = 300;
    private static final Pattern PROCESSES = Pattern.compile("\\(processes ([\\d ]+),");
    private static final Pattern SERVERS = Pattern.compile("export TAFFRAIL_SERVER=(\\S+)");
    private static final Metadata.Key<Error> ERROR =
            Metadata.Key.of("taffrail-error-bin", ProtoUtils.metadataMarshaller(Error.getDefaultInstance()));
    private static final int FIRST_PORT = 20_000;
    private static final int LAST_PORT = 32_000;
    /// What a shell starts in the background ignores Control-C, and so do all that it starts, unless somebody ends
    /// that.
    private static final List<String> INTERRUPTIBLE = interruptible();

    @TempDir
    Path folder;

    private static List<String> interruptible() {
        var command = List.of("env", "--default-signal=INT");
        try {
            SmallDisk.command("env", "--default-signal=INT", "true");
            return command;
        } catch (IOException olderOrAnother) {
            return List.of();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return List.of();
        }
    }

    /// SigIgn of proc_pid_status(5), whose second bit is SIGINT's.
    private static boolean ignoresInterrupts() throws IOException {
        var status = Path.of("/proc/self/status");
        return INTERRUPTIBLE.isEmpty()
                && Files.exists(status)
                && Files.readAllLines(status).stream()
                        .filter(line -> line.startsWith("SigIgn:"))
                        .anyMatch(line ->
                                (Long.parseUnsignedLong(line.substring(7).strip(), 16) & 2) != 0);
    }

    /// The script that runs replicas until it is told to stop.
    private final class Up implements AutoCloseable {
        final Process script;
        final List<ProcessHandle> replicas;
        final List<String> servers;

        Up(int count) throws IOException, InterruptedException {
            if (ignoresInterrupts()) {
                throw Skip.because("this build was started so that it ignores Control-C (as by nohup or &), and"
                        + " env --default-signal, which would end that, is missing here");
            }
            var output = folder.resolve("up.log");
            script = taffrail(
                            "cluster",
                            "up",
                            "--replicas",
                            String.valueOf(count),
                            "--port",
                            String.valueOf(freePorts(count)),
                            "--data",
                            folder.resolve("cluster").toString())
                    .redirectOutput(output.toFile())
                    .start();
            try {
                var said = awaitServers(output);
                var processes = PROCESSES.matcher(said);
                assertTrue(processes.find(), said);
                replicas = Arrays.stream(processes.group(1).split(" "))
                        .map(pid -> ProcessHandle.of(Long.parseLong(pid)).orElseThrow())
                        .toList();
                var addresses = SERVERS.matcher(said);
                assertTrue(addresses.find(), said);
                servers = List.of(addresses.group(1).split(","));
                assertEquals(count, replicas.size());
                assertEquals(count, servers.size());
            } catch (Throwable notUp) {
                script.descendants().toList().forEach(ProcessHandle::destroyForcibly);
                script.destroyForcibly();
                throw notUp;
            }
        }

        private String awaitServers(Path output) throws IOException, InterruptedException {
            var deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
            var said = "";
            while (!SERVERS.matcher(said).find()) {
                assertTrue(script.isAlive() && System.nanoTime() < deadlineNanos, "not up: " + said);
                Thread.sleep(50);
                said = Files.readString(output);
            }
            return said;
        }

        /// Control-C.
        int interrupt() throws IOException, InterruptedException {
            SmallDisk.command("kill", "-INT", String.valueOf(script.pid()));
            assertTrue(script.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), "does not end on SIGINT");
            return script.exitValue();
        }

        @Override
        public void close() {
            script.destroyForcibly();
            replicas.forEach(ProcessHandle::destroyForcibly);
        }
    }

    @Test
    void threeReplicasComeUpAreLookedAtMovedKilledAndStopped() throws Exception {
        try (var up = new Up(3)) {
            var cli = new CommandLine(String.join(",", up.servers), folder);
            cli.run("append", "orders", lines().toString(), "--create");
            var status = cli.run("cluster", "status");
            assertEquals(4, status.lines().count(), status);
            assertEquals(1, count(status, "Leader"), status);
            var leader = leader(cli);
            var target = (leader + 1) % 3;
            saysOnlyWhoLeadsWhatIsSoNow(up.servers.get(target));
            var moved = cli.run("cluster", "transfer", String.valueOf(target), "--timeout", "60");
            assertTrue(moved.startsWith("replica " + target + " at " + up.servers.get(target) + " leads epoch"), moved);
            awaitLeader(cli, "it leads", found -> found == target);
            var voters = cli.run("cluster", "voters");
            assertEquals(3, count(voters, "yes"), voters);
            refusesInOneLine(cli, 1, "no voter 7", "cluster", "transfer", "7");
            refusesInOneLine(cli, 2, "--add-learner", "cluster", "voters", "--add-learner", "four");
            refusesInOneLine(cli, 2, "--promote", "cluster", "voters", "--promote", "one");
            refusesInOneLine(cli, 2, "mutually exclusive", "cluster", "voters", "--promote", "1", "--remove", "2");
            refusesInOneLine(cli, 2, "--interval", "cluster", "watch", "--interval", "0");

            up.replicas.get(target).destroyForcibly();
            var watched = cli.run("cluster", "watch", "--interval", "100", "--count", "5");
            assertTrue(watched.contains("does not answer"), watched);
            assertTrue(watched.contains("BEHIND"), watched);
            awaitLeader(cli, "another leads", found -> found >= 0 && found != target);
            assertTrue(cli.run("cluster", "watch", "--count", "1", "-o", "json").contains("\"lagBytes\":"));
            assertEquals("one\ntwo\n", cli.run("read", "orders"));
            // With its first address gone it asks the others.
            assertEquals(3, count(cli.run("cluster", "voters"), "yes"));

            await(
                    "the script says that it has ended",
                    () -> Files.readString(folder.resolve("err.up")).contains("replica " + target + " (process"));
            assertEquals(0, up.interrupt());
            assertTrue(up.replicas.stream().noneMatch(ProcessHandle::isAlive), "Control-C leaves none behind");
        }
    }

    /// That something does not exist, too.
    private static void saysOnlyWhoLeadsWhatIsSoNow(String follower) {
        var channel = Grpc.newChannelBuilder(follower, InsecureChannelCredentials.create())
                .build();
        try {
            var log = LogGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
            List.<Executable>of(
                            () -> log.describeStream(DescribeStreamRequest.newBuilder()
                                    .setStream("nosuch")
                                    .setLinearizable(true)
                                    .build()),
                            () -> log.listStreams(ListStreamsRequest.newBuilder()
                                    .setLinearizable(true)
                                    .build()),
                            () -> log.getCursor(GetCursorRequest.newBuilder()
                                    .setStream("nosuch")
                                    .setLinearizable(true)
                                    .build()),
                            () -> log.listCursors(ListCursorsRequest.newBuilder()
                                    .setStream("nosuch")
                                    .setLinearizable(true)
                                    .build()))
                    .forEach(call -> {
                        var refused = assertThrows(StatusRuntimeException.class, call);
                        var error = Objects.requireNonNull(
                                Objects.requireNonNull(refused.getTrailers()).get(ERROR));
                        assertEquals(ErrorCode.ERROR_CODE_NOT_LEADER, error.getCode(), refused.getMessage());
                    });
        } finally {
            channel.shutdownNow();
        }
    }

    @Test
    void fiveReplicasComeUpToo() throws Exception {
        try (var up = new Up(5)) {
            var cli = new CommandLine(up.servers.getLast(), folder);
            cli.run("append", "orders", lines().toString(), "--create", "--replication-mode", "all");
            assertEquals(5, count(cli.run("cluster", "voters"), "yes"));
            assertEquals(0, up.interrupt());
            assertTrue(up.replicas.stream().noneMatch(ProcessHandle::isAlive), "Control-C leaves none behind");
            // The folder's cluster is one of five.
            refusesToComeUp("5 replicas", "--replicas 3 --data " + folder.resolve("cluster"));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--replicas 0",
                "--replicas 10",
                "--replicas three",
                "--replicas",
                "--replicas 99999999999999999999",
                "--port 0",
                "--port",
                "--data",
                "--nodes 3"
            })
    void refusesWhatCannotComeUpInOneLine(String arguments) throws Exception {
        refusesToComeUp("usage: taffrail cluster up", arguments);
    }

    private void refusesToComeUp(String expected, String arguments) throws IOException, InterruptedException {
        var command = ("cluster up " + arguments).split(" ");
        var script = taffrail(command).start();
        assertTrue(script.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), "does not end");
        var said = Files.readString(folder.resolve("err.up"));
        assertEquals(2, script.exitValue(), said);
        assertEquals(1, said.lines().count(), said);
        assertTrue(said.contains(expected), said);
    }

    private static void refusesInOneLine(CommandLine cli, int exitCode, String expected, String... arguments)
            throws IOException, InterruptedException {
        var ended = cli.end(cli.start(arguments), arguments);
        assertEquals(exitCode, ended.exitCode(), ended.err());
        assertEquals(1, ended.err().lines().count(), ended.err());
        assertTrue(ended.err().contains(expected), ended.err());
        assertFalse(ended.err().contains("Exception"), ended.err());
    }

    private ProcessBuilder taffrail(String... arguments) {
        var script = Programs.CHECKOUT.resolve("taffrail");
        Skip.unless(Files.isExecutable(Path.of("/bin/bash")), "no bash here, which the script taffrail needs");
        var command = new ArrayList<>(INTERRUPTIBLE);
        command.addAll(List.of("/bin/bash", script.toString()));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command)
                .redirectError(folder.resolve("err.up").toFile());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment()
                .put(
                        "TAFFRAIL_JAVA_OPTS",
                        "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx256m -Dtaffrail.unsafe.storage=true"
                                // Nobody is to be elected because a busy machine gave a leader no time.
                                + " -Dtaffrail.election.timeout-min=4s -Dtaffrail.election.timeout-max=6s");
        // What is tested was packaged by the build that runs the test.
        builder.environment().put("TAFFRAIL_BUILD", "never");
        builder.environment().put("TAFFRAIL_UNSAFE_STORAGE", "true");
        return builder;
    }

    private interface Condition {
        boolean holds() throws IOException, InterruptedException;
    }

    private static void await(String what, Condition condition) throws IOException, InterruptedException {
        var deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (!condition.holds()) {
            assertTrue(System.nanoTime() < deadlineNanos, () -> "not within " + LIMIT_SECONDS + " s: " + what);
            Thread.sleep(20);
        }
    }

    private static void awaitLeader(CommandLine cli, String what, IntPredicate wanted)
            throws IOException, InterruptedException {
        await(what, () -> wanted.test(leader(cli)));
    }

    private static int leader(CommandLine cli) throws IOException, InterruptedException {
        var json = cli.run("cluster", "watch", "--count", "1", "-o", "json");
        var matcher = Pattern.compile("\"leader\":(-?\\d+)").matcher(json);
        assertTrue(matcher.find(), json);
        return Integer.parseInt(matcher.group(1));
    }

    private Path lines() throws IOException {
        return Files.writeString(folder.resolve("lines"), "one\ntwo\n", StandardCharsets.UTF_8);
    }

    private static long count(String text, String word) {
        return Pattern.compile(Pattern.quote(word)).matcher(text).results().count();
    }

    /// The first of as many as `cluster up` takes from there, whether replicas differ by address or by port.
    private static int freePorts(int replicas) {
        var random = new Random();
        while (true) {
            var first = random.nextInt(FIRST_PORT, LAST_PORT);
            if (areFree(first, replicas)) {
                return first;
            }
        }
    }

    private static boolean areFree(int first, int replicas) {
        return IntStream.range(first, first + 10 * replicas).allMatch(port -> Ports.isFree("0.0.0.0", port));
    }
}
