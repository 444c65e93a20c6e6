package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A log that a later version has written to: this one does not touch it.
class LaterFormatIT {
    private static final int BLOCK = 4096;

    @TempDir
    Path folder;

    @Test
    void isRefusedAndLeftAlone() throws Exception {
        try (var service = new ServiceProcess(folder).start()) {
            new CommandLine(service.address(), folder).run("streams", "create", "s");
            service.stop();
            Path newest;
            try (var files = Files.list(service.data().resolve("log"))) {
                newest = files.filter(file -> file.toString().endsWith(".segment"))
                        .sorted()
                        .findFirst()
                        .orElseThrow();
            }
            writeVersion(newest, 2);
            var before = Files.readAllBytes(newest);
            service.begin();
            assertEquals(74, service.awaitEnd(Duration.ofMinutes(5)));
            var said = Files.readString(service.log(), StandardCharsets.UTF_8);
            assertTrue(said.contains("version"), said);
            assertTrue(said.contains(newest.getFileName().toString()), said);
            assertFalse(said.contains("\tat "), said);
            assertArrayEquals(before, Files.readAllBytes(newest));
            writeVersion(newest, 1);
            service.start();
            new CommandLine(service.address(), folder).run("streams", "describe", "s");
        }
    }

    /// As wal/README.md describes the header of a segment.
    private static void writeVersion(Path segment, int version) throws Exception {
        try (var file = new RandomAccessFile(segment.toFile(), "rw")) {
            var bytes = new byte[BLOCK];
            file.readFully(bytes);
            var header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            header.putInt(8, version);
            var checksum = new CRC32C();
            checksum.update(bytes, 8, BLOCK - 8);
            header.putInt(4, (int) checksum.getValue());
            file.seek(0);
            file.write(bytes);
        }
    }
}
