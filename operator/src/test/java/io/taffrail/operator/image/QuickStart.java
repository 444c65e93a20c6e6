package io.taffrail.operator.image;

import com.google.cloud.tools.jib.api.buildplan.AbsoluteUnixPath;
import com.google.cloud.tools.jib.api.buildplan.FileEntriesLayer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A Quarkus program with a cache of its classes, loaded and linked, as the JVM wrote it after a start of this very
/// program on this very runtime. The JVM keeps such a cache for the classes of its own loaders alone, so the program is
/// started from a class path and not from the jar that brings a loader with it.
///
/// The JVM refuses a cache, and starts without it, where a file is of another time or size. So the start is made with
/// files that have the time which they have in the image.
///
/// @param program the folder to be [Images#PROGRAM] in the image
/// @param command the JVM's arguments in the image
/// @param cache the layer beside
record QuickStart(Path program, List<String> command, FileEntriesLayer cache) {
    private static final String MAIN = "io.taffrail.service.ServiceMain";
    /// What the jar's own starter sets before anything logs.
    private static final String LOG_MANAGER = "-Djava.util.logging.manager=org.jboss.logmanager.LogManager";
    /// Of each file in a layer, unless told otherwise.
    private static final FileTime LAYER_TIME = FileTime.fromMillis(1_000);

    private static final String CACHE = "/opt/taffrail-cache/taffrail.aot";
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    static QuickStart of(Path packaged, Path runtime, Path work) throws IOException, InterruptedException {
        delete(work);
        var program = copy(packaged, Path.of(work + Images.PROGRAM));
        var java = copy(runtime, Path.of(work + Images.JAVA));
        // A file of arguments: the list of all jars is too long to be read in a pod's description.
        var arguments = program.resolve("arguments");
        var classPath = classPath(program);
        var cache = work.resolve("taffrail.aot");
        train(java, program, classPath, cache, work);
        Files.writeString(
                arguments,
                "--add-opens java.base/java.lang=ALL-UNNAMED\n" + LOG_MANAGER + "\n-cp "
                        + String.join(":", under(classPath, Images.PROGRAM)) + "\n" + MAIN + "\n");
        var layer = FileEntriesLayer.builder()
                .setName("cache")
                .addEntry(cache, AbsoluteUnixPath.get(CACHE))
                .build();
        return new QuickStart(program, List.of("-XX:AOTCache=" + CACHE, "@" + Images.PROGRAM + "/arguments"), layer);
    }

    private static List<String> under(List<Path> jars, String folder) {
        return jars.stream().map(jar -> folder + "/" + jar).toList();
    }

    /// What was generated first: it stands in for the original of the same name.
    private static List<Path> classPath(Path program) throws IOException {
        var jars = new ArrayList<Path>();
        for (var folder : List.of("quarkus", "app", "lib/boot", "lib/main")) {
            try (var files = Files.list(program.resolve(folder))) {
                files.filter(file -> file.toString().endsWith(".jar"))
                        .map(program::relativize)
                        .sorted(folder.equals("quarkus") ? Comparator.reverseOrder() : Comparator.naturalOrder())
                        .forEach(jars::add);
            }
        }
        return jars;
    }

    private static void train(Path java, Path program, List<Path> classPath, Path cache, Path work)
            throws IOException, InterruptedException {
        var readyFile = work.resolve("ready");
        var command = List.of(
                java.resolve("bin/java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:AOTCacheOutput=" + cache,
                "--add-opens",
                "java.base/java.lang=ALL-UNNAMED",
                LOG_MANAGER,
                "-Dtaffrail.data-dir=" + work.resolve("data"),
                "-Dtaffrail.port=0",
                "-Dtaffrail.peer.port=0",
                "-Dquarkus.http.port=0",
                "-Dtaffrail.ready-file=" + readyFile,
                // Wherever this is built: nothing of it is kept.
                "-Dtaffrail.unsafe.storage=true",
                "-cp",
                String.join(":", under(classPath, program.toString())),
                MAIN);
        var log = work.resolve("start.log");
        var process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        var end = System.nanoTime() + PATIENCE.toNanos();
        while (!Files.exists(readyFile)) {
            if (!process.isAlive() || System.nanoTime() > end) {
                process.destroyForcibly();
                throw new IOException("the program did not start: " + Files.readString(log));
            }
            Thread.sleep(100);
        }
        process.destroy();
        if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS) || !Files.exists(cache)) {
            process.destroyForcibly();
            throw new IOException("no cache was written: " + Files.readString(log));
        }
    }

    private static Path copy(Path from, Path to) throws IOException {
        Files.createDirectories(to.getParent());
        try (var files = Files.walk(from)) {
            for (var file : files.toList()) {
                var target = to.resolve(from.relativize(file).toString());
                Files.copy(file, target, StandardCopyOption.COPY_ATTRIBUTES);
                if (Files.isRegularFile(target)) {
                    Files.setLastModifiedTime(target, LAYER_TIME);
                }
            }
        }
        return to;
    }

    private static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (var files = Files.walk(folder)) {
                for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
