package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.client.AppenderConfig;
import io.taffrail.client.LogClient;
import io.taffrail.client.ReaderConfig;
import io.taffrail.proto.log.StreamConfig;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A consumer that catches up costs the disk what it reads, not more: what one response had no room for is not read
/// again for the next one.
class ReadOnceIT {
    private static final int RECORDS = 60_000;
    private static final int RECORD_BYTES = 1_000;
    private static final long READ_BYTES = (long) RECORDS * RECORD_BYTES;

    @TempDir
    Path folder;

    @Test
    void aConsumerThatCatchesUpReadsEachByteOnce() throws Exception {
        try (var service = new ServiceProcess(
                                folder,
                                "-D",
                                "taffrail.storage.segment-bytes=8Mi",
                                "-D",
                                "taffrail.storage.tail-cache-bytes=1Mi",
                                "-D",
                                "taffrail.limits.pending-bytes=1Mi")
                        .start();
                var client = LogClient.connect(service.address())) {
            client.createStream("s", StreamConfig.getDefaultInstance(), false);
            try (var appender =
                    client.appender("s", AppenderConfig.DEFAULTS.batching(64 << 10, 100, Duration.ofMillis(1)))) {
                for (var i = 0; i < RECORDS; i++) {
                    appender.append(new byte[RECORD_BYTES]);
                }
            }

            var before = service.readBytes();
            var read = 0;
            try (var reader = client.reader("s", ReaderConfig.DEFAULTS)) {
                while (!reader.isAtEnd()) {
                    var batch = reader.nextBatch(Duration.ofMinutes(3));
                    read += batch == null ? 0 : batch.getRecordsCount();
                }
            }
            var fromFiles = service.readBytes() - before;

            assertEquals(RECORDS, read);
            // The end of the log is in memory; headers, and the ends of flush groups, are read too.
            assertTrue(
                    fromFiles > READ_BYTES / 2 && fromFiles < READ_BYTES * 5 / 4,
                    fromFiles + " bytes were read for " + READ_BYTES);
        }
    }
}
