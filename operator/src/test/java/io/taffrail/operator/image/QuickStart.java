package io.taffrail.operator.image;

import com.google.cloud.tools.jib.api.buildplan.AbsoluteUnixPath;
import com.google.cloud.tools.jib.api.buildplan.FileEntriesLayer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// The service with a cache of its classes, loaded and linked, and of what is hot in them, as the JVM wrote it
/// after this very program was under load on this very runtime (`service/train-cache`); so a replica that is started
/// need not learn it. The JVM keeps such a cache for the classes of its own loaders alone, so the program is started
/// from a class path and not from the jar that brings a loader with it.
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

    static QuickStart of(Path root, Path runtime, Path work) throws IOException, InterruptedException {
        delete(work);
        var program = copy(root.resolve("service/target/quarkus-app"), Path.of(work + Images.PROGRAM));
        var java = copy(runtime, Path.of(work + Images.JAVA));
        // A file of arguments: the list of all jars is too long to be read in a pod's description.
        var arguments = program.resolve("arguments");
        var classPath = classPath(program);
        var cache = work.resolve("taffrail.aot");
        train(root, java, program, classPath, cache);
        Files.writeString(
                arguments,
                "--add-opens java.base/java.lang=ALL-UNNAMED\n" + LOG_MANAGER + "\n-cp "
                        + String.join(":", under(classPath, Images.PROGRAM)) + "\n" + MAIN + "\n");
        var layer = FileEntriesLayer.builder()
                .setName("cache")
                .addEntry(cache, AbsoluteUnixPath.get(CACHE))
                .build();
        // A pod may be given a collector or an agent that goes without the cache, and that is no error to tell of.
        var command =
                List.of("-XX:AOTCache=" + CACHE, "-Xlog:aot=off", "-Xlog:cds=off", "@" + Images.PROGRAM + "/arguments");
        return new QuickStart(program, command, layer);
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

    private static void train(Path root, Path java, Path program, List<Path> classPath, Path cache)
            throws IOException, InterruptedException {
        Images.output(List.of(
                root.resolve("service/train-cache").toString(),
                cache.toString(),
                root.resolve("cli/target/taffrail-cli.jar").toString(),
                java.resolve("bin/java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "--add-opens",
                "java.base/java.lang=ALL-UNNAMED",
                LOG_MANAGER,
                "-cp",
                String.join(":", under(classPath, program.toString())),
                MAIN));
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
