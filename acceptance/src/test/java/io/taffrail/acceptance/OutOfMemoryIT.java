package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.client.Appender;
import io.taffrail.client.LogClient;
import io.taffrail.client.ReadFrom;
import io.taffrail.client.ReaderConfig;
import io.taffrail.proto.log.StreamConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A service whose heap runs out in the middle of a turn. What the turn has left undone nobody knows: the process
/// ends, and its log says the next time what had been acknowledged.
class OutOfMemoryIT {
    /// Of a JVM with ExitOnOutOfMemoryError.
    private static final int OUT_OF_HEAP = 3;
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final int RECORDS = 500;

    @TempDir
    Path folder;

    @Test
    void aServiceWithoutHeapEndsAndKeepsWhatItAcknowledged() throws Exception {
        var flag = folder.resolve("the-heap-ends");
        var limits = List.of("-Xmx256m", "-XX:+ExitOnOutOfMemoryError", "-Dending.heap.flag=" + flag);
        var usual = Stream.concat(Programs.QUICK.stream(), limits.stream()).toList();
        try (var service = new ServiceProcess(folder, "-D", "taffrail.io.method=Sync")) {
            service.jvmOptions(Stream.concat(usual.stream(), Byteman.rules("ending-heap.btm").stream())
                            .toList())
                    .start();
            try (var client = LogClient.connect(service.address())) {
                client.createStream("s", StreamConfig.getDefaultInstance(), false);
                try (var appender = client.appender("s")) {
                    for (var number = 0; number < RECORDS; number++) {
                        append(appender, number).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                    }
                    Files.createFile(flag);
                    // Its outcome is known when the service is back.
                    var last = append(appender, RECORDS);
                    assertEquals(OUT_OF_HEAP, service.awaitEnd(PATIENCE), Files.readString(service.log()));
                    service.jvmOptions(usual).start();
                    awaitOutcome(last);
                }
            }
            try (var client = LogClient.connect(service.address())) {
                var found = read(client);
                assertTrue(found == RECORDS || found == RECORDS + 1, found + " records");
            }
        }
    }

    private static Future<?> append(Appender appender, int number) {
        return appender.append(String.format(Locale.ROOT, "%08d", number).getBytes(StandardCharsets.US_ASCII))
                .acknowledged();
    }

    private static void awaitOutcome(Future<?> last) throws InterruptedException, TimeoutException {
        try {
            last.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException unknown) {
            // Not acknowledged: it may be there or not.
        }
    }

    /// How many records there are; each has its number.
    private static int read(LogClient client) throws Exception {
        var count = 0;
        try (var reader = client.reader("s", ReaderConfig.DEFAULTS.from(ReadFrom.offset(0)))) {
            for (var record = reader.next(PATIENCE); record != null; record = reader.next(PATIENCE)) {
                assertEquals(count, Integer.parseInt(record.value().toStringUtf8()));
                count++;
            }
        }
        return count;
    }
}
