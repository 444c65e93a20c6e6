package io.taffrail.acceptance;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Where the build put the programs, and how they are started.
final class Programs {
    static final Path CHECKOUT = Path.of(System.getProperty("taffrail.checkout", ".."))
            .toAbsolutePath()
            .normalize();

    /// For processes that live for seconds: they start fast and take little.
    static final List<String> QUICK = List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    private static final Path SERVICE = CHECKOUT.resolve("service/target/quarkus-app/quarkus-run.jar");
    private static final Path CLI = CHECKOUT.resolve("cli/target/taffrail-cli.jar");

    /// Instead of [#QUICK], for a service whose speed matters.
    static final String OPTIMISED = "-XX:+UseSerialGC";

    private Programs() {}

    static List<String> service(List<String> jvmOptions, String... arguments) {
        // Tests may run in a container or in memory, where the service would not start.
        var options = new ArrayList<String>();
        options.add("-Dtaffrail.unsafe.storage=true");
        options.addAll(jvmOptions);
        return java(SERVICE, options, arguments);
    }

    static List<String> cli(String... arguments) {
        return java(CLI, QUICK, arguments);
    }

    private static List<String> java(Path jar, List<String> jvmOptions, String... arguments) {
        if (!Files.exists(jar)) {
            throw new IllegalStateException(jar + " is missing: mvn package makes it");
        }
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("--sun-misc-unsafe-memory-access=allow");
        command.addAll(jvmOptions);
        command.add("-jar");
        command.add(jar.toString());
        command.addAll(List.of(arguments));
        return command;
    }
}
