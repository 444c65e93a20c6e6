package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.client.LogClient;
import io.taffrail.client.LogClientException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Text that someone else made goes in by the command line and must come out byte for byte.
///
/// `-Dtaffrail.input=FILE` names the text, `-Dtaffrail.kills=N` how often the service is killed meanwhile.
class RoundTripIT {
    private static final int KILLS = Integer.getInteger("taffrail.kills", 3);
    private static final int LEAST_INPUT_BYTES = 8 << 20;
    /// Of which the command may have appended all before this process gets to kill anything.
    private static final int MOST_INPUT_BYTES = 256 << 20;
    private static final String DELIVERY_SECONDS = "300";

    @TempDir
    Path folder;

    @Test
    void givesBackEveryByteOfAFile() throws Exception {
        var input = input();
        try (var service = new ServiceProcess(folder).start()) {
            var cli = new CommandLine(service.address(), folder);
            System.out.print(cli.run("append", "text", input.toString(), "--create"));
            assertComesBack(input, cli, "durable");
            service.stop();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"sync", "async"})
    void losesDoublesAndSwapsNoLineWhenTheServiceIsKilled(String commitMode) throws Exception {
        var random = new Random(20_261_121);
        // A longer delay than the default, so that Async has something to lose, which is then appended again.
        try (var service = new ServiceProcess(folder, "-D", "taffrail.writer-delay=100ms").start()) {
            var cli = new CommandLine(service.address(), folder);
            for (var input = input(); ; input = larger(input)) {
                if (killsTheService(service, cli, input, commitMode, random)) {
                    // The newest that Async acknowledged need not be on the disk yet, and DURABLE does not wait for it.
                    assertComesBack(input, cli, commitMode.equals("async") ? "buffered" : "durable");
                    return;
                }
                cli.run("streams", "delete", "text");
            }
        }
    }

    /// False: all was appended before the first kill.
    private static boolean killsTheService(
            ServiceProcess service, CommandLine cli, Path input, String commitMode, Random random) throws Exception {
        var started = System.nanoTime();
        var append = append(input, "--commit-mode", commitMode);
        // What Async acknowledged and a kill took is appended again by a command that goes on after the kill. One that
        // has all its acknowledgements, and only ends a little later, does not.
        var mostOffset = records(input) / 2;
        var appending = cli.start(append);
        var kills = 0;
        while (kills < KILLS && grows(service, appending, random, mostOffset)) {
            service.kill();
            kills++;
            service.start();
        }
        var ended = cli.end(appending, append);
        System.out.printf(
                Locale.ROOT,
                "%s: killed %s times in %.1f s: %s%s",
                commitMode,
                kills,
                (System.nanoTime() - started) / 1e9,
                ended.out(),
                ended.err());
        assertEquals(0, ended.exitCode(), ended.err());
        return kills > 0;
    }

    @Test
    void goesOnWhereAKilledCommandStopped() throws Exception {
        var random = new Random(20_261_122);
        try (var service = new ServiceProcess(folder).start()) {
            var cli = new CommandLine(service.address(), folder);
            for (var input = input(); ; input = larger(input)) {
                if (killsTheCommand(service, cli, input, random)) {
                    assertComesBack(input, cli, "durable");
                    return;
                }
                cli.run("streams", "delete", "text");
            }
        }
    }

    /// False: all was appended before the first kill.
    private static boolean killsTheCommand(ServiceProcess service, CommandLine cli, Path input, Random random)
            throws Exception {
        var append = append(input, "--producer", "importer");
        var kills = 0;
        var appending = cli.start(append);
        while (kills < KILLS && grows(service, appending, random, Long.MAX_VALUE)) {
            appending.destroyForcibly().waitFor();
            kills++;
            appending = cli.start(append);
        }
        var ended = cli.end(appending, append);
        System.out.printf("the command was killed %s times: %s%s", kills, ended.out(), ended.err());
        assertEquals(0, ended.exitCode(), ended.err());
        assertTrue(kills == 0 || ended.out().contains("were there already"), ended.out());
        return kills > 0;
    }

    /// In small batches, so that there are many to lose.
    private static String[] append(Path input, String option, String value) {
        return new String[] {
            "append",
            "text",
            input.toString(),
            "--create",
            "--batch-bytes",
            "8Ki",
            option,
            value,
            "--timeout",
            "90",
            "--delivery-timeout",
            DELIVERY_SECONDS
        };
    }

    /// Four times as much, of which a command is not through so soon.
    private Path larger(Path input) throws IOException {
        assertTrue(Files.size(input) < MOST_INPUT_BYTES, "the append of " + Files.size(input) + " bytes is not caught");
        var larger = folder.resolve("input-" + 4 * Files.size(input));
        try (var out = Files.newOutputStream(larger)) {
            for (var copy = 0; copy < 4; copy++) {
                Files.copy(input, out);
            }
        }
        return larger;
    }

    /// Waits until the stream has got longer, and a little more, so that every kill hits an append under way; false:
    /// the command has ended, or the stream is beyond `mostOffset`.
    private static boolean grows(ServiceProcess service, Process appending, Random random, long mostOffset)
            throws InterruptedException {
        try (var client = LogClient.connect(service.address())) {
            var before = nextOffset(client);
            while (nextOffset(client) <= before) {
                if (appending.waitFor(10, TimeUnit.MILLISECONDS)) {
                    return false;
                }
            }
            return !appending.waitFor(random.nextInt(200), TimeUnit.MILLISECONDS) && nextOffset(client) <= mostOffset;
        }
    }

    private static long records(Path input) throws IOException {
        try (var lines = Files.lines(input, StandardCharsets.ISO_8859_1)) {
            return lines.count();
        }
    }

    private static long nextOffset(LogClient client) {
        try {
            return client.describeStream("text").getNextOffset();
        } catch (LogClientException notYet) {
            return 0;
        }
    }

    private void assertComesBack(Path input, CommandLine cli, String isolation) throws Exception {
        var output = folder.resolve("read-back");
        cli.runInto(output, "read", "text", "--isolation", isolation);
        assertEquals(Files.size(input), Files.size(output), "bytes");
        assertEquals(sha256(input), sha256(output), "SHA-256");
        System.out.println(Files.size(input) + " bytes, SHA-256 " + sha256(output) + " in and out");
    }

    private Path input() throws IOException {
        var named = System.getProperty("taffrail.input", "");
        return named.isEmpty() ? textOfTheJdk() : Path.of(named);
    }

    /// The JDK's list of classes and its licences, over and over: what every machine that runs this has.
    private Path textOfTheJdk() throws IOException {
        var home = Path.of(System.getProperty("java.home"));
        var input = folder.resolve("input");
        if (Files.exists(input)) {
            return input;
        }
        try (var files = Files.walk(home);
                var out = Files.newOutputStream(input)) {
            var texts = files.filter(file ->
                            file.startsWith(home.resolve("legal")) || file.endsWith(Path.of("lib", "classlist")))
                    .filter(Files::isRegularFile)
                    .sorted()
                    .toList();
            while (Files.size(input) < LEAST_INPUT_BYTES) {
                for (var text : texts) {
                    Files.copy(text, out);
                    out.write('\n');
                }
            }
        }
        return input;
    }

    private static String sha256(Path file) throws IOException, NoSuchAlgorithmException {
        var digest = MessageDigest.getInstance("SHA-256");
        try (var in = new DigestInputStream(Files.newInputStream(file), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
