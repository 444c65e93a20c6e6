package io.taffrail.service;

import static io.taffrail.service.ServiceClient.append;
import static io.taffrail.service.ServiceClient.error;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import io.taffrail.proto.control.GetStatusRequest;
import io.taffrail.proto.control.Integrity;
import io.taffrail.proto.log.ErrorCode;
import io.taffrail.proto.log.ReadRequest;
import io.taffrail.service.host.ReplicaHost;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A bit flips in a closed segment of the only replica. Little of its log is in memory.
@QuarkusTest
@QuarkusTestResource(
        value = DataDirectory.class,
        initArgs = {
            @ResourceArg(name = "taffrail.storage.segment-bytes", value = "1Mi"),
            @ResourceArg(name = "taffrail.storage.tail-cache-bytes", value = "1Mi"),
            @ResourceArg(name = "taffrail.limits.pending-bytes", value = "1Mi"),
            @ResourceArg(name = "taffrail.scrub.bytes-per-second", value = "64Mi")
        },
        restrictToAnnotatedClass = true)
class DamagedLogTest {
    private static final Pattern UNREADABLE = Pattern.compile(
            "replica 0's log is damaged from LSN \\d+ to \\d+: offsets (\\d+) to (\\d+) of stream \"s\" cannot be read there;"
                    + " no other replica has them: restore them from a backup, or go on at offset (\\d+)");
    private static final int RECORDS = 64;
    /// Behind the segment's header and some records.
    private static final int FIRST_BYTE = 3 * 4096;

    @Inject
    ReplicaHost host;

    @Inject
    ServiceConfig config;

    ServiceClient client;

    @BeforeEach
    void connect() {
        client = RunningReplica.connect(host);
    }

    @AfterEach
    void close() {
        client.close();
    }

    /// A byte of a record in the second segment.
    private void damage() throws IOException {
        Path segment;
        try (var files = Files.list(Path.of(config.dataDir(), "log"))) {
            segment = files.filter(file -> file.toString().endsWith(".segment"))
                    .sorted()
                    .skip(1)
                    .findFirst()
                    .orElseThrow();
        }
        try (var file = new RandomAccessFile(segment.toFile(), "rw")) {
            var bytes = new byte[1 << 17];
            file.seek(FIRST_BYTE);
            file.readFully(bytes);
            var at = 0;
            while (bytes[at] != 'x') {
                at++;
            }
            file.seek(FIRST_BYTE + at);
            file.write('x' ^ 4);
        }
    }

    private long read(long from) {
        var last = from - 1;
        var responses = client.log()
                .read(ReadRequest.newBuilder().setStream("s").setOffset(from).build());
        while (responses.hasNext()) {
            for (var batch : responses.next().getBatchesList()) {
                last = batch.getBaseOffset() + batch.getRecordCount() - 1;
            }
        }
        return last;
    }

    @Test
    void whatNoOtherReplicaHasIsDataLossThatNamesTheOffsets() throws IOException {
        client.createStream("s");
        var value = "x".repeat(64 << 10);
        for (var i = 0; i < RECORDS; i++) {
            client.log().append(append("s", value));
        }
        damage();

        var refused = assertThrows(StatusRuntimeException.class, () -> read(0));
        assertEquals(Status.Code.DATA_LOSS, refused.getStatus().getCode());
        assertEquals(ErrorCode.ERROR_CODE_DATA_LOSS, error(refused).getCode());
        // To try again is of use until it is known what is lost, and then of none.
        RunningReplica.await(
                "it is known how far",
                () -> !error(assertThrows(StatusRuntimeException.class, () -> read(0)))
                        .getRetryable());
        var message =
                error(assertThrows(StatusRuntimeException.class, () -> read(0))).getMessage();
        var range = UNREADABLE.matcher(message);
        assertTrue(range.matches(), message);
        var behind = Long.parseLong(range.group(3));
        assertEquals(Long.parseLong(range.group(2)) + 1, behind);
        assertEquals(RECORDS - 1, read(behind));
        assertEquals(
                Integrity.INTEGRITY_DAMAGED,
                client.control()
                        .getStatus(GetStatusRequest.getDefaultInstance())
                        .getIntegrity());
    }
}
