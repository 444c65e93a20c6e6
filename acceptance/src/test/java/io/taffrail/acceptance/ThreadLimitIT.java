package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.client.LogClient;
import io.taffrail.client.ReadFrom;
import io.taffrail.client.ReaderConfig;
import io.taffrail.proto.log.StreamConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A service that may have no more threads. It has all that it needs from its start on; with too few it does not begin,
/// and one that it is refused all the same ends it.
class ThreadLimitIT {
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final int CONFIG_REFUSED_EXIT_CODE = 78;
    private static final int FAILED_EXIT_CODE = 70;
    /// More than a JVM's own, and fewer than the service's.
    private static final int TOO_FEW = 32;
    private static final int CLIENTS = 10;
    private static final int RECORDS = 30;
    private static final int RECORD_BYTES = 200_000;

    @TempDir
    Path folder;

    /// A control group of processes and threads, with a limit of its own.
    private record Pids(Path group) implements AutoCloseable {
        static Pids create() {
            var name = "taffrail-test-" + ProcessHandle.current().pid();
            // Version 1, then version 2.
            for (var parent : List.of(Path.of("/sys/fs/cgroup/pids"), Path.of("/sys/fs/cgroup"))) {
                try {
                    var pids = new Pids(Files.createDirectory(parent.resolve(name)));
                    if (Files.isWritable(pids.limit())) {
                        return pids;
                    }
                    pids.close();
                } catch (IOException refused) {
                    // The other version, then.
                }
            }
            throw Skip.because("no control group that limits threads can be made here, it takes root");
        }

        private Path limit() {
            return group.resolve("pids.max");
        }

        void limit(String most) throws IOException {
            Files.writeString(limit(), most);
        }

        String count() throws IOException {
            return Files.readString(group.resolve("pids.current")).strip();
        }

        /// What makes a process one of the group before it begins.
        String[] launcher() {
            return new String[] {"sh", "-c", "echo $$ > " + group.resolve("cgroup.procs") + " && exec \"$@\"", "sh"};
        }

        @Override
        public void close() throws IOException {
            Files.delete(group);
        }
    }

    @Test
    void theThreadsThatItHasAreEnoughForItsClients() throws Exception {
        try (var pids = Pids.create();
                var service = new ServiceProcess(folder, ServiceProcess.SMALL_LOG).launcher(pids.launcher())) {
            service.start();
            // One of each kind, for what is made when it is first asked for.
            appendAndRead(service, 0);
            assertTrue(service.metric("taffrail_append_records_total") > 0);
            pids.limit(pids.count());
            for (var client = 1; client < CLIENTS; client++) {
                appendAndRead(service, client);
            }
            assertTrue(service.metric("taffrail_append_records_total") >= CLIENTS * RECORDS);
            // A JVM needs a thread for what SIGTERM is to do.
            pids.limit("max");
            service.stop();
            var said = Files.readString(service.log(), StandardCharsets.UTF_8);
            assertFalse(said.contains("unable to create native thread"), said);
        }
    }

    @Test
    void tooFewForAStartAreRefusedInOneLineAndHarmNothing() throws Exception {
        try (var pids = Pids.create();
                var service = new ServiceProcess(folder, ServiceProcess.SMALL_LOG)) {
            service.start();
            appendAndRead(service, 0);
            service.stop();
            Files.delete(service.log());
            pids.limit(String.valueOf(TOO_FEW));
            service.launcher(pids.launcher()).begin();
            assertEquals(CONFIG_REFUSED_EXIT_CODE, service.awaitEnd(PATIENCE));
            var said = linesOfItsOwn(service);
            assertEquals(1, said.size(), said::toString);
            assertTrue(
                    said.getFirst().startsWith("taffrail: the limit on threads (ulimit -u, or pids.max"),
                    said::toString);
            assertTrue(said.getFirst().contains("allowed is at least"), said::toString);
            service.launcher().start();
            try (var client = LogClient.connect(service.address())) {
                assertEquals(RECORDS, client.describeStream("s-0").getNextOffset());
            }
            service.stop();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"read-2", "disk-3", "background-0", "replica"})
    void oneThatIsRefusedInAStartEndsIt(String thread) throws Exception {
        try (var service = new ServiceProcess(folder, ServiceProcess.SMALL_LOG)) {
            service.jvmOptions(Stream.of(
                                    Programs.QUICK,
                                    List.of("-Dending.threads.name=" + thread),
                                    Byteman.rules("ending-threads.btm"))
                            .flatMap(List::stream)
                            .toList())
                    .begin();
            assertEquals(FAILED_EXIT_CODE, service.awaitEnd(PATIENCE));
            var said = linesOfItsOwn(service);
            assertEquals(1, said.size(), said::toString);
            assertTrue(said.getFirst().contains("no thread can be made (ulimit -u, or pids.max"), said::toString);
        }
    }

    /// Without the JVM's own, of threads that the kernel refuses and of an agent that was given to it.
    private static List<String> linesOfItsOwn(ServiceProcess service) throws IOException {
        try (var lines = Files.lines(service.log(), StandardCharsets.UTF_8)) {
            return lines.filter(line -> !line.contains("[os,thread]") && !line.contains(" VM warning: "))
                    .toList();
        }
    }

    /// More than the tail holds, so that some of it is read from files.
    private static void appendAndRead(ServiceProcess service, int number) throws Exception {
        var stream = "s-" + number;
        try (var client = LogClient.connect(service.address())) {
            client.createStream(stream, StreamConfig.getDefaultInstance(), false);
            try (var appender = client.appender(stream)) {
                var appends = new ArrayList<Future<?>>();
                for (var record = 0; record < RECORDS; record++) {
                    appends.add(appender.append(new byte[RECORD_BYTES]).acknowledged());
                }
                for (var append : appends) {
                    var _ = append.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                }
            }
            var read = 0;
            try (var reader = client.reader(stream, ReaderConfig.DEFAULTS.from(ReadFrom.offset(0)))) {
                while (!reader.isAtEnd()) {
                    read += reader.next(PATIENCE) == null ? 0 : 1;
                }
            }
            assertEquals(RECORDS, read);
        }
    }
}
