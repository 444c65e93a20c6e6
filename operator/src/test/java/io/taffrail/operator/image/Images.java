package io.taffrail.operator.image;

import com.google.cloud.tools.jib.api.Containerizer;
import com.google.cloud.tools.jib.api.Jib;
import com.google.cloud.tools.jib.api.TarImage;
import com.google.cloud.tools.jib.api.buildplan.AbsoluteUnixPath;
import com.google.cloud.tools.jib.api.buildplan.FileEntriesLayer;
import com.google.cloud.tools.jib.api.buildplan.FilePermissions;
import com.google.cloud.tools.jib.api.buildplan.Platform;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// Writes the images of the server and of the operator as files that `docker load`, `ctr images import` or `kind load
/// image-archive` take. It needs no container engine and no registry: a Java runtime of the modules that are needed,
/// the few libraries that it is linked with, and the program. No shell, no package manager.
///
/// Arguments: the project's folder, the images' tag. Run by `k8s/tools/images`.
public final class Images {
    static final String JAVA = "/opt/java";
    static final String PROGRAM = "/opt/taffrail";
    private static final String MODULES =
            "java.se,jdk.unsupported,jdk.management,jdk.zipfs,jdk.net,jdk.jfr,jdk.crypto.ec,jdk.naming.dns";
    /// Of the C library and its like. What draws and plays sounds is linked as well, and never loaded.
    private static final Pattern LIBRARY =
            Pattern.compile("(/\\S+/(ld-linux|lib(c|m|dl|rt|pthread|resolv|z|gcc_s|stdc\\+\\+))[^/ ]*\\.so[^/ ]*)");

    private Images() {}

    public static void main(String... arguments) throws Exception {
        var root = Path.of(arguments[0]).toAbsolutePath();
        var tag = arguments[1];
        var work = root.resolve("operator/target/image");
        var runtime = runtime(work);
        // With the command line, so that a cluster can be used from within without another image.
        var commandLine = FileEntriesLayer.builder()
                .setName("command line")
                .addEntry(
                        root.resolve("cli/target/taffrail-cli.jar"),
                        AbsoluteUnixPath.get("/opt/taffrail-cli/taffrail-cli.jar"))
                // Its manifest names the others there.
                .addEntryRecursive(root.resolve("cli/target/lib"), AbsoluteUnixPath.get("/opt/taffrail-cli/lib"))
                .build();
        var server = QuickStart.of(root, runtime, work.resolve("server"));
        write(
                work,
                runtime,
                server.program(),
                server.command(),
                List.of(server.cache(), commandLine),
                "taffrail/server:" + tag,
                "server.tar");
        write(
                work,
                runtime,
                root.resolve("operator/target/quarkus-app"),
                operator(),
                List.of(),
                "taffrail/operator:" + tag,
                "operator.tar");
    }

    private static List<String> operator() {
        var command = new ArrayList<>(OperatorJvm.OPTIONS);
        command.addAll(List.of("-jar", PROGRAM + "/quarkus-run.jar"));
        return command;
    }

    private static Path runtime(Path work) throws IOException, InterruptedException {
        var runtime = work.resolve("java");
        if (Files.exists(runtime)) {
            return runtime;
        }
        Files.createDirectories(work);
        output(List.of(
                Path.of(System.getProperty("java.home"), "bin", "jlink").toString(),
                "--add-modules",
                MODULES,
                "--strip-debug",
                "--no-man-pages",
                "--no-header-files",
                "--output",
                runtime.toString()));
        return runtime;
    }

    private static void write(
            Path work,
            Path runtime,
            Path program,
            List<String> command,
            List<FileEntriesLayer> beside,
            String name,
            String file)
            throws Exception {
        var entrypoint = new ArrayList<>(List.of(
                JAVA + "/bin/java",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+ExitOnOutOfMemoryError"));
        entrypoint.addAll(command);
        var image = Jib.fromScratch()
                .addFileEntriesLayer(libraries(runtime))
                .addFileEntriesLayer(FileEntriesLayer.builder()
                        .setName("java")
                        .addEntryRecursive(runtime, AbsoluteUnixPath.get(JAVA), Images::permissions)
                        .build())
                .addFileEntriesLayer(FileEntriesLayer.builder()
                        .setName("program")
                        .addEntryRecursive(program, AbsoluteUnixPath.get(PROGRAM))
                        .build())
                .setPlatforms(Set.of(new Platform(architecture(), "linux")))
                .setUser("10001:10001")
                .setWorkingDirectory(AbsoluteUnixPath.get("/tmp"))
                .setEntrypoint(entrypoint);
        beside.forEach(image::addFileEntriesLayer);
        var tar = work.resolve(file);
        image.containerize(Containerizer.to(TarImage.at(tar).named(name))
                .setBaseImageLayersCache(work.resolve("cache"))
                .setApplicationLayersCache(work.resolve("cache")));
        System.out.println(name + " " + tar + " " + Files.size(tar) + " bytes");
    }

    private static FilePermissions permissions(Path file, AbsoluteUnixPath inImage) {
        var path = inImage.toString();
        var executable = Files.isDirectory(file) || path.contains("/bin/") || path.endsWith("/lib/jspawnhelper");
        return FilePermissions.fromOctalString(executable ? "755" : "644");
    }

    /// At the paths where the dynamic linker looks for them.
    private static FileEntriesLayer libraries(Path runtime) throws IOException, InterruptedException {
        var linked = new ArrayList<Path>(List.of(runtime.resolve("bin/java")));
        try (var files = Files.walk(runtime.resolve("lib"))) {
            files.filter(file -> file.toString().endsWith(".so")).forEach(linked::add);
        }
        var names = new TreeSet<String>();
        for (var file : linked) {
            var matcher = LIBRARY.matcher(output(List.of("ldd", file.toString())));
            while (matcher.find()) {
                if (!matcher.group(1).startsWith(runtime.toString())) {
                    names.add(matcher.group(1));
                }
            }
        }
        var layer = FileEntriesLayer.builder().setName("libraries");
        for (var name : names) {
            layer.addEntry(
                    Path.of(name).toRealPath(), AbsoluteUnixPath.get(name), FilePermissions.fromOctalString("755"));
        }
        return layer.build();
    }

    private static String architecture() {
        return System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";
    }

    static String output(List<String> command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(command + " failed: " + text);
        }
        return text;
    }
}
