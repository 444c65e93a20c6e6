package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.client.Appender;
import io.taffrail.client.AppenderConfig;
import io.taffrail.client.LogClient;
import io.taffrail.client.LogClientException;
import io.taffrail.client.ReadFrom;
import io.taffrail.client.ReaderConfig;
import io.taffrail.proto.log.StreamConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A service that has little memory outside its heap, and one that is given no more of it: the log's tail,
/// what is read from files and what is written of checkpoints and slots are there.
class DirectMemoryIT {
    private static final int CONFIG_REFUSED_EXIT_CODE = 78;
    private static final int FAILED_EXIT_CODE = 70;
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final Duration BRIEFLY = Duration.ofSeconds(10);
    private static final Pattern LEAST = Pattern.compile("allowed is at least (\\d+) with");
    private static final int RECORD_BYTES = 100_000;
    /// Many times the tail.
    private static final int RECORDS = 300;
    private static final int READERS = 40;

    @TempDir
    Path folder;

    private ServiceProcess service(String... jvmOptions) {
        return new ServiceProcess(folder, ServiceProcess.SMALL_LOG)
                .jvmOptions(Stream.concat(Programs.QUICK.stream(), Stream.of(jvmOptions))
                        .toList());
    }

    private static String limit(long bytes) {
        return "-XX:MaxDirectMemorySize=" + bytes;
    }

    private String said(ServiceProcess service) throws Exception {
        return Files.readString(service.log(), StandardCharsets.UTF_8);
    }

    @Test
    void whatIsTooLittleIsRefusedAndTheLeastThatIsAllowedIsEnough() throws Exception {
        long least;
        try (var service = service(limit(1 << 20))) {
            service.begin();
            assertEquals(CONFIG_REFUSED_EXIT_CODE, service.awaitEnd(PATIENCE));
            var said = said(service);
            assertEquals(1, said.lines().count(), said);
            var named = LEAST.matcher(said);
            assertTrue(said.contains("-XX:MaxDirectMemorySize") && named.find(), said);
            least = Long.parseLong(named.group(1));
        }
        Files.delete(folder.resolve("service.log"));
        try (var service = service(limit(least)).start()) {
            try (var client = LogClient.connect(service.address());
                    var threads = Executors.newFixedThreadPool(READERS)) {
                client.createStream("s", StreamConfig.getDefaultInstance(), false);
                try (var appender = client.appender("s")) {
                    for (var number = 0; number < RECORDS; number++) {
                        var _ = append(appender, number);
                    }
                }
                var readers = new ArrayList<Future<Integer>>();
                for (var i = 0; i < READERS; i++) {
                    readers.add(threads.submit(() -> read(client)));
                }
                for (var reader : readers) {
                    assertEquals(RECORDS, reader.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
                }
            }
            service.stop();
            assertFalse(said(service).contains("OutOfMemory"), said(service));
        }
    }

    /// Byteman lets java.nio say so, whoever asks: what reads a connection, makes a segment, or loads the
    /// classes with which an end is told. The process may end or go on; what it acknowledged is there, and
    /// once there is memory it serves.
    @Test
    void aServiceThatGetsNoMoreLosesNothingAndServesWhenItDoes() throws Exception {
        var flag = folder.resolve("direct-memory-ends");
        var rules = Stream.concat(
                Byteman.rules("ending-direct-memory.btm").stream(), Stream.of("-Dending.direct.memory.flag=" + flag));
        try (var service = service(rules.toArray(String[]::new)).start()) {
            var acknowledged = 0;
            try (var client = LogClient.connect(service.address())) {
                client.createStream("s", StreamConfig.getDefaultInstance(), false);
                client.createStream("later", StreamConfig.getDefaultInstance(), false);
                try (var appender = client.appender("s")) {
                    for (; acknowledged < RECORDS / 3; acknowledged++) {
                        append(appender, acknowledged).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                    }
                }
            }
            Files.createFile(flag);
            acknowledged += appendWhatItTakes(service, acknowledged);
            Files.delete(flag);
            awaitService(service);
            try (var client = LogClient.connect(service.address())) {
                var found = read(client);
                assertTrue(found >= acknowledged, found + " of " + acknowledged + " records");
            }
        }
    }

    /// How many were acknowledged before there was a failure.
    private static int appendWhatItTakes(ServiceProcess service, int first) throws Exception {
        var sent = new ArrayList<Future<?>>();
        try (var client = LogClient.connect(service.address());
                var appender = client.appender("s", AppenderConfig.DEFAULTS.deliveryTimeout(BRIEFLY))) {
            for (var number = first; number < RECORDS; number++) {
                sent.add(append(appender, number));
            }
        } catch (LogClientException expected) {
            // What came of each is asked below.
        }
        var acknowledged = 0;
        while (acknowledged < sent.size() && isAcknowledged(sent.get(acknowledged))) {
            acknowledged++;
        }
        return acknowledged;
    }

    /// Started again if it ended.
    private void awaitService(ServiceProcess service) throws Exception {
        var deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            if (!service.isRunning()) {
                assertEquals(FAILED_EXIT_CODE, service.awaitEnd(PATIENCE), said(service));
                service.jvmOptions(Programs.QUICK).start();
            }
            try (var client = LogClient.connect(service.address());
                    var appender = client.appender("later", AppenderConfig.DEFAULTS.deliveryTimeout(BRIEFLY))) {
                append(appender, 0).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                return;
            } catch (LogClientException | ExecutionException notYet) {
                assertTrue(System.nanoTime() < deadlineNanos, () -> "it does not serve again: " + notYet);
            }
        }
    }

    private static Future<?> append(Appender appender, int number) {
        var value = new byte[RECORD_BYTES];
        Arrays.fill(value, (byte) 'x');
        var text = String.format(Locale.ROOT, "%08d", number).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, value, 0, text.length);
        return appender.append(value).acknowledged();
    }

    private static boolean isAcknowledged(Future<?> append) throws Exception {
        try {
            var _ = append.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            return true;
        } catch (ExecutionException unknown) {
            return false;
        }
    }

    /// How many records there are; each has its number.
    private static int read(LogClient client) throws Exception {
        var count = 0;
        try (var reader = client.reader("s", ReaderConfig.DEFAULTS.from(ReadFrom.offset(0)))) {
            while (!reader.isAtEnd()) {
                var record = reader.next(PATIENCE);
                if (record != null) {
                    assertEquals(
                            count,
                            Integer.parseInt(record.value().substring(0, 8).toStringUtf8()));
                    count++;
                }
            }
        }
        return count;
    }
}
