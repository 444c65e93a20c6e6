package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a user types, against the real service.
class CommandLineIT {
    @TempDir
    Path folder;

    @Test
    void doesWhatTheTourShows() throws Exception {
        var lines = folder.resolve("lines");
        Files.writeString(lines, "one\ntwo\nthree\n");
        try (var service = new ServiceProcess(folder).start()) {
            var cli = new CommandLine(service.address(), folder);
            cli.run("streams", "create", "orders", "--label", "team=a", "--commit-mode", "sync");
            cli.run("append", "orders", lines.toString());
            cli.run("append", "orders", lines.toString());
            assertEquals("one\ntwo\nthree\none\ntwo\nthree\n", cli.run("read", "orders"));
            assertEquals("two\nthree\n", cli.run("tail", "orders", "-n", "2"));
            assertEquals("three\none\n", cli.run("read", "orders", "--from", "2", "--max", "2"));
            cli.run("read", "orders", "--max", "4", "--commit-cursor", "billing");
            assertTrue(
                    cli.run("cursor", "get", "orders", "billing", "-o", "json").contains("\"offset\":\"4\""));
            assertEquals("two\nthree\n", cli.run("read", "orders", "--from", "cursor:billing"));
            cli.run("cursor", "commit", "orders", "billing", "6", "--expect", "4");
            cli.run("streams", "update", "orders", "--retention-age", "P7D");
            var described = cli.run("streams", "describe", "orders", "-o", "json");
            assertTrue(described.contains("\"retentionMillis\":\"604800000\""), described);
            assertTrue(described.contains("\"team\":\"a\""), described);
            cli.run("streams", "trim", "orders", "3");
            assertEquals("one\ntwo\nthree\n", cli.run("read", "orders"));
            assertTrue(cli.run("status").contains("leader"));
            assertTrue(cli.run("flush").startsWith("flushed up to LSN"));
            assertEquals(
                    2,
                    cli.run("watch", "--count", "2", "--interval", "10", "-o", "json")
                            .lines()
                            .count());
            assertTrue(
                    cli.run("bench", "load", "--records", "20000", "-o", "json").contains("recordsPerSecond"));
            cli.run("bench", "many", "--streams", "3", "--outstanding", "2", "--records", "1001", "--size", "10");
            assertEquals(
                    333, cli.run("read", "many-2", "--format", "json").lines().count());
            for (var stream : List.of("many-0", "many-1", "many-2")) {
                cli.run("streams", "delete", stream);
            }
            cli.run("cursor", "delete", "orders", "billing");
            cli.run("streams", "delete", "orders");
            assertEquals(List.of("load"), names(cli.run("streams", "list", "-o", "json")));
            refusesInOneLine(cli);
            service.stop();
            assertTrue(cli.run("wal", "verify", service.data().toString()).startsWith("clean"));
            assertTrue(cli.run("wal", "inspect", service.data().toString()).contains("records"));
        }
    }

    private static void refusesInOneLine(CommandLine cli) throws Exception {
        String[] read = {"read", "orders", "--timeout", "5"};
        var refused = cli.end(cli.start(read), read);
        assertEquals(1, refused.exitCode(), refused.err());
        assertEquals(1, refused.err().lines().count(), refused.err());
        assertTrue(refused.err().contains("STREAM_NOT_FOUND"), refused.err());
    }

    private static List<String> names(String json) {
        return json.lines()
                .map(line -> line.replaceAll(".*\"stream\":\"([^\"]*)\".*", "$1"))
                .toList();
    }
}
