package io.taffrail.service;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StorageFailuresTest {
    private static final Instant NOON = Instant.parse("2026-05-01T12:00:00Z");

    @TempDir
    Path folder;

    private StorageFailures failures() {
        return new StorageFailures(folder);
    }

    @Test
    void oneFailureIsAnAccident() throws IOException {
        failures().check();
        failures().record(NOON, "fdatasync: EIO");
        assertDoesNotThrow(() -> failures().check());
    }

    @Test
    void twoWithinAnHourKeepItDownUntilTheFileIsDeleted() throws IOException {
        failures().check();
        failures().record(NOON, "fdatasync: EIO");
        failures().record(NOON.plus(Duration.ofMinutes(59)), "write:\n EIO");
        for (var start = 0; start < 3; start++) {
            var refused = assertThrows(IOException.class, () -> failures().check());
            var message = String.valueOf(refused.getMessage());
            assertTrue(message.contains("fdatasync: EIO"), message);
            assertTrue(message.contains("write: EIO"), message);
            assertTrue(message.contains(folder.resolve(StorageFailures.FILE).toString()), message);
        }
        Files.delete(folder.resolve(StorageFailures.FILE));
        assertDoesNotThrow(() -> failures().check());
    }

    @Test
    void aFileThatAFullDiskLeftWithoutItsBlockGetsItLater() throws IOException {
        var file = folder.resolve(StorageFailures.FILE);
        Files.createFile(file);
        failures().check();
        assertEquals(4096, Files.size(file));
        Files.writeString(file, NOON + " fdatasync: EIO\n");
        failures().check();
        assertEquals(4096, Files.size(file));
        assertTrue(failures().isNew(), "what it said is kept");
    }

    @Test
    void aFailureIsNewUntilAStartHasReadTheLog() throws IOException {
        failures().check();
        assertFalse(failures().isNew());
        failures().record(NOON, "fdatasync: EIO");
        assertTrue(failures().isNew());
        failures().recovered();
        assertFalse(failures().isNew());
        failures().recovered();
        failures().record(NOON.plus(Duration.ofMinutes(5)), "write: EIO");
        assertTrue(failures().isNew());
        failures().recovered();
        var refused = assertThrows(IOException.class, () -> failures().check(), "two within an hour, all the same");
        assertTrue(String.valueOf(refused.getMessage()).contains("recovered after: fdatasync: EIO"));
    }

    @Test
    void failuresThatAreFarApartDoNot() throws IOException {
        failures().check();
        for (var hour = 0; hour < 5; hour++) {
            failures().record(NOON.plus(Duration.ofMinutes(61L * hour)), "x".repeat(5000));
            assertDoesNotThrow(() -> failures().check());
        }
        assertEquals(4096, Files.size(folder.resolve(StorageFailures.FILE)), "its block was there all the time");
    }
}
