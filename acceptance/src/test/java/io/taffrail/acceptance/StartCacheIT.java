package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `./taffrail build` trains a cache that `./taffrail serve` takes its classes from, and one that does not fit does
/// no harm. In a checkout of its own, which has the packaged programs and no sources that they could be older than.
class StartCacheIT {
    private static final long LIMIT_SECONDS = 300;
    private static final List<String> PARTS = List.of(
            "taffrail",
            "service/train-cache",
            "service/target/quarkus-app",
            "cli/target/taffrail-cli.jar",
            "cli/target/lib");

    @TempDir
    static Path folder;

    private static Path cache = Path.of("");
    private static String saidAtFirst = "";

    /// What a start said, and how many of the service's own classes came from the cache and from the jars.
    private record Start(String said, long fromCache, long fromJars) {}

    @BeforeAll
    static void train() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "no bash here");
        for (var part : PARTS) {
            copy(Programs.CHECKOUT.resolve(part), checkout().resolve(part));
        }
        saidAtFirst = build();
        try (var files = Files.list(checkout().resolve("service/target"))) {
            cache = files.filter(file -> file.toString().endsWith(".aot"))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no cache: " + saidAtFirst));
        }
    }

    @Test
    void buildTrainsOnceAndSaysSoInOneLine() throws Exception {
        assertEquals(1, saidAtFirst.lines().count(), saidAtFirst);
        var written = Files.getLastModifiedTime(cache);
        assertEquals("", build());
        assertEquals(written, Files.getLastModifiedTime(cache));
        try (var left = Files.list(cache.getParent())) {
            assertEquals(2, left.count(), "the program and the cache");
        }
    }

    @Test
    void aStartTakesItsClassesFromTheCache() throws Exception {
        var start = serve("");
        assertTrue(start.fromCache() > 9 * start.fromJars(), start.toString());
    }

    @Test
    void aCacheOfOtherJarsIsIgnoredInSilence() throws Exception {
        var jar = checkout().resolve("service/target/quarkus-app/quarkus/generated-bytecode.jar");
        var time = Files.getLastModifiedTime(jar);
        Files.setLastModifiedTime(jar, FileTime.fromMillis(time.toMillis() - 60_000));
        try {
            startsWithout("");
        } finally {
            Files.setLastModifiedTime(jar, time);
        }
    }

    @Test
    void aCacheThatIsNotWholeIsIgnoredInSilence() throws Exception {
        var whole = Files.readAllBytes(cache);
        try (var file = Files.newByteChannel(cache, StandardOpenOption.WRITE)) {
            file.truncate(whole.length / 2);
        }
        try {
            startsWithout("");
        } finally {
            Files.write(cache, whole);
        }
    }

    @Test
    void optionsThatTheCacheDoesNotGoWithAreFollowed() throws Exception {
        startsWithout("-Xshare:off");
        startsWithout("-XX:+UseZGC");
    }

    private static void startsWithout(String jvmOptions) throws IOException, InterruptedException {
        var start = serve(jvmOptions);
        assertEquals(0, start.fromCache(), start.toString());
        assertTrue(start.fromJars() > 0, start.toString());
    }

    /// Until it is ready, and stopped again.
    private static Start serve(String jvmOptions) throws IOException, InterruptedException {
        var classes = folder.resolve("classes");
        var said = folder.resolve("said");
        var ready = folder.resolve("ready");
        Files.deleteIfExists(ready);
        Files.deleteIfExists(classes);
        var script = taffrail(
                "serve",
                "--data",
                folder.resolve("data").toString(),
                "--port",
                "0",
                "--peer-port",
                "0",
                "--http-port",
                "0",
                "--ready-file",
                ready.toString(),
                "--unsafe-storage");
        script.environment().put("TAFFRAIL_BUILD", "never");
        script.environment()
                .put(
                        "TAFFRAIL_JAVA_OPTS",
                        "-XX:TieredStopAtLevel=1 -Xlog:class+load=info:file=" + classes + ":none:filecount=0 "
                                + jvmOptions);
        var service = script.redirectOutput(said.toFile()).start();
        try {
            var deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
            while (!Files.exists(ready)) {
                assertTrue(service.isAlive() && System.nanoTime() < deadlineNanos, () -> "not ready: " + text(said));
                Thread.sleep(20);
            }
            service.destroy();
            assertTrue(service.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), "does not end");
        } finally {
            service.destroyForcibly();
        }
        // The JVM's own lines begin so, the service's with the time.
        assertTrue(
                text(said).lines().noneMatch(line -> line.startsWith("[") || line.contains("VM warning")), text(said));
        var own = Files.readAllLines(classes).stream()
                .filter(line -> line.startsWith("io.taffrail."))
                .toList();
        var fromCache = own.stream()
                .filter(line -> line.contains("source: shared objects file"))
                .count();
        return new Start(text(said), fromCache, own.size() - fromCache);
    }

    /// What it says.
    private static String build() throws IOException, InterruptedException {
        var said = folder.resolve("build");
        var script = taffrail("build");
        script.environment().remove("TAFFRAIL_BUILD");
        script.environment().put("TAFFRAIL_TRAINING_STEP_SECONDS", "1");
        script.environment().put("TAFFRAIL_TRAINING_WAIT_SECONDS", String.valueOf(LIMIT_SECONDS));
        var build = script.redirectOutput(said.toFile()).start();
        assertTrue(build.waitFor(3 * LIMIT_SECONDS, TimeUnit.SECONDS), "does not end");
        assertEquals(0, build.exitValue(), () -> text(said));
        assertFalse(Files.exists(checkout().resolve("target/build.lock")));
        return text(said);
    }

    private static ProcessBuilder taffrail(String... arguments) {
        var command = new ArrayList<>(
                List.of("/bin/bash", checkout().resolve("taffrail").toString()));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        return builder;
    }

    private static Path checkout() {
        return folder.resolve("checkout");
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException unreadable) {
            return unreadable.toString();
        }
    }

    /// With their times, by which the JVM knows them again.
    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to.getParent());
        try (var files = Files.walk(from)) {
            for (var file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()), StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
    }
}
