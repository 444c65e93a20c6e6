package io.taffrail.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A seed is the same run in another JVM: with another heap and collector, other identity hashes, another salt of
/// immutable sets, and without a compiler. `scripts/twin-runs` compares a hundred of them.
class TwinRunTest {
    private static final int SEEDS = Integer.getInteger("twinSeeds", 2);
    private static final int CHAOS_SECONDS = Integer.getInteger("twinChaosSeconds", 2);
    private static final long LIMIT_MINUTES = 10L + SEEDS;

    @TempDir
    private Path folder;

    @Test
    void aSeedIsTheSameRunInAnotherJvm() throws IOException, InterruptedException {
        var compiled = start("compiled", "-Xmx512m", "-XX:+UseSerialGC");
        var interpreted = start(
                "interpreted",
                "-Xint",
                "-Xmx256m",
                "-XX:+UseParallelGC",
                "-Xshare:off",
                "-XX:+UnlockExperimentalVMOptions",
                "-XX:hashCode=2");
        assertEquals(lines(compiled, "compiled"), lines(interpreted, "interpreted"));
    }

    private Process start(String name, String... options) throws IOException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.addAll(List.of(
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                TraceHashes.class.getName(),
                "1",
                String.valueOf(SEEDS),
                String.valueOf(CHAOS_SECONDS)));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output(name).toFile())
                .start();
    }

    private Path output(String name) {
        return folder.resolve(name);
    }

    private List<String> lines(Process process, String name) throws IOException, InterruptedException {
        try {
            assertTrue(process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES), name + " does not end");
        } finally {
            process.destroyForcibly();
        }
        var lines = Files.readAllLines(output(name));
        assertEquals(0, process.exitValue(), () -> name + ": " + lines);
        assertEquals(SEEDS, lines.size(), lines::toString);
        return lines;
    }
}
