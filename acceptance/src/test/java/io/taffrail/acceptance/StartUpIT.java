package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.taffrail.client.AppenderConfig;
import io.taffrail.client.LogClient;
import io.taffrail.proto.log.CommitMode;
import io.taffrail.proto.log.ReplicationMode;
import io.taffrail.proto.log.StreamConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// From the start of the process to the first acknowledged append, with logs of growing sizes, after a stop and after a
/// kill. `-Dtaffrail.log-mib=0,64` names the sizes.
class StartUpIT {
    private static final int[] SIZES_MIB = Arrays.stream(
                    System.getProperty("taffrail.log-mib", "0,64").split(",", -1))
            .mapToInt(Integer::parseInt)
            .toArray();
    private static final int RECORD_BYTES = 1_000;
    private static final String STREAM = "start";

    @TempDir
    Path folder;

    @Test
    void servesAgainWithAllThatItHad() throws Exception {
        System.out.println("log MiB   first append after a stop   after a kill");
        var records = 0L;
        var writtenMib = 0;
        try (var service = new ServiceProcess(folder)) {
            service.start();
            try (var client = LogClient.connect(service.address())) {
                client.createStream(STREAM, StreamConfig.getDefaultInstance(), false);
            }
            for (var sizeMib : SIZES_MIB) {
                records += fill(service, (sizeMib - writtenMib) * (1L << 20) / RECORD_BYTES);
                writtenMib = sizeMib;
                service.stop();
                var afterStop = firstAppendSeconds(service, records++);
                // So that there is something that no checkpoint has.
                records += fill(service, Math.min(sizeMib, 8) * (1L << 20) / RECORD_BYTES);
                service.kill();
                var afterKill = firstAppendSeconds(service, records++);
                System.out.printf(Locale.ROOT, "%7d %24.2f s %12.2f s%n", sizeMib, afterStop, afterKill);
            }
            service.stop();
        }
    }

    private static long fill(ServiceProcess service, long records) {
        var value = new byte[RECORD_BYTES];
        new Random(1).nextBytes(value);
        var relaxed =
                AppenderConfig.DEFAULTS.modes(CommitMode.COMMIT_MODE_ASYNC, ReplicationMode.REPLICATION_MODE_QUORUM);
        try (var client = LogClient.connect(service.address());
                var appender = client.appender(STREAM, relaxed)) {
            for (var i = 0L; i < records; i++) {
                var _ = appender.append(value);
            }
            appender.flush(Duration.ofMinutes(10));
            client.flush(CommitMode.COMMIT_MODE_SYNC, ReplicationMode.REPLICATION_MODE_QUORUM);
        }
        return records;
    }

    private static double firstAppendSeconds(ServiceProcess service, long expectedOffset) throws Exception {
        var startNanos = System.nanoTime();
        service.start();
        try (var client = LogClient.connect(service.address());
                var appender = client.appender(STREAM)) {
            var receipt = appender.append(new byte[1]).acknowledged().get(5, TimeUnit.MINUTES);
            assertEquals(expectedOffset, receipt.offset());
            assertFalse(receipt.acknowledgement().getDuplicate());
        }
        return (System.nanoTime() - startNanos) / 1e9;
    }
}
