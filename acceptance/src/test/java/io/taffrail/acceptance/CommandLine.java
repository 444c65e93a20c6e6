package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// The packaged command line against one service.
final class CommandLine {
    private static final long LIMIT_SECONDS = 600;
    /// Without a server there is nothing to wait for.
    private static final Set<String> OFFLINE = Set.of("wal", "completion", "help");
    private static final String PATIENCE_SECONDS = "180";

    private final String server;
    private final Path folder;

    CommandLine(String server, Path folder) {
        this.server = server;
        this.folder = folder;
    }

    record Ended(int exitCode, String out, String err) {}

    /// Fails unless it succeeds.
    String run(String... arguments) throws IOException, InterruptedException {
        var ended = end(start(arguments), arguments);
        assertEquals(0, ended.exitCode(), String.join(" ", arguments) + "\n" + ended.out() + ended.err());
        return ended.out();
    }

    Ended end(Process process, String... arguments) throws IOException, InterruptedException {
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException(String.join(" ", arguments) + " takes longer than " + LIMIT_SECONDS + " s");
        }
        return new Ended(process.exitValue(), text("out"), text("err"));
    }

    /// One at a time: its output goes to files of the same name.
    Process start(String... arguments) throws IOException {
        var builder = new ProcessBuilder(Programs.cli(patient(arguments)));
        builder.environment().put("TAFFRAIL_SERVER", server);
        builder.environment().put("TAFFRAIL_DEBUG", "1");
        return builder.redirectOutput(folder.resolve("out").toFile())
                .redirectError(folder.resolve("err").toFile())
                .start();
    }

    /// Straight into a file, for what is too large to hold.
    void runInto(Path file, String... arguments) throws IOException, InterruptedException {
        var builder = new ProcessBuilder(Programs.cli(patient(arguments)));
        builder.environment().put("TAFFRAIL_SERVER", server);
        var process = builder.redirectOutput(file.toFile())
                .redirectError(folder.resolve("err").toFile())
                .start();
        var exitCode = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS) ? process.exitValue() : -1;
        process.destroyForcibly();
        assertEquals(0, exitCode, String.join(" ", arguments) + "\n" + text("err"));
    }

    /// The command's own patience is a person's, who does not run a build beside it.
    private static String[] patient(String... arguments) {
        if (OFFLINE.contains(arguments[0]) || Stream.of(arguments).anyMatch("--timeout"::equals)) {
            return arguments;
        }
        return Stream.concat(Stream.of(arguments), Stream.of("--timeout", PATIENCE_SECONDS))
                .toArray(String[]::new);
    }

    private String text(String name) throws IOException {
        return Files.readString(folder.resolve(name), StandardCharsets.UTF_8);
    }
}
