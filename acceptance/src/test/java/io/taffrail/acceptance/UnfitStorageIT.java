package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// A folder that forgets is no place for a log.
class UnfitStorageIT {
    @Test
    void isRefusedInOneLineUnlessItIsAllowed() throws Exception {
        var memory = Path.of("/dev/shm");
        Skip.unless(Files.isWritable(memory), "no writable /dev/shm here");
        var data = memory.resolve("taffrail-unfit-" + ProcessHandle.current().pid());
        var command = Programs.service(List.of("-Dtaffrail.unsafe.storage=false"), "--data", data.toString());
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(5, TimeUnit.MINUTES));
        assertEquals(78, process.exitValue(), said);
        assertEquals(1, said.lines().count(), said);
        assertTrue(said.contains("is on tmpfs: it is memory") && said.contains("--unsafe-storage"), said);
        assertFalse(Files.exists(data), "something was written all the same");
    }
}
