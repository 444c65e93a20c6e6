package io.taffrail.operator.k8s;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.taffrail.operator.GoldenFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The very profile that the chart ships, given to the kernel by libseccomp as a container runtime gives it, and the
/// real server under it.
final class SeccompProfileIT {
    private static final Path PROFILE =
            GoldenFile.root().resolve("helm/taffrail-operator/seccomp/taffrail-io-uring.json");
    private static final int SIGTERM_EXIT_CODE = 128 + 15;
    private static final Path TOOL = GoldenFile.root().resolve("k8s/tools/seccomp-run");

    @TempDir
    Path folder;

    @BeforeAll
    static void needs() throws IOException, InterruptedException {
        ServerPod.jar();
        String status;
        try {
            status = said(under(PROFILE, List.of("cat", "/proc/self/status")));
        } catch (IOException noPython) {
            skip("no python3: " + noPython.getMessage());
            return;
        }
        if (status.contains("libseccomp.so.2: cannot open")) {
            skip("no libseccomp: " + status);
        }
        assertTrue(status.lines().anyMatch(line -> line.matches("Seccomp:\\s*2")), status);
    }

    private static void skip(String why) {
        System.err.println("\n*** SKIPPED, " + why + " ***\n");
        abort(why);
    }

    private static List<String> under(Path profile, List<String> command) {
        var all = new ArrayList<>(List.of("python3", TOOL.toString(), profile.toString()));
        all.addAll(command);
        return all;
    }

    private static String said(List<String> command) throws IOException, InterruptedException {
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        // What it says is looked at.
        builder.environment().put("LC_ALL", "C");
        var process = builder.start();
        var text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(5, TimeUnit.MINUTES));
        return text;
    }

    private List<String> server(String name, String... jvmOptions) {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:TieredStopAtLevel=1",
                "-Dtaffrail.data-dir=" + folder.resolve(name),
                "-Dtaffrail.port=0",
                "-Dtaffrail.peer.port=0",
                "-Dquarkus.http.port=0",
                "-Dtaffrail.unsafe.storage=true"));
        command.addAll(List.of(jvmOptions));
        command.addAll(List.of("-jar", ServerPod.jar().toString()));
        return command;
    }

    /// The line that says that it is ready, and with which I/O method; it serves, and ends when it is told to.
    private static String start(List<String> command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var log = new StringBuilder();
        try (var lines = process.inputReader()) {
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                log.append(line).append('\n');
                if (line.contains(" is ready: ")) {
                    process.destroy();
                    assertTrue(process.waitFor(5, TimeUnit.MINUTES));
                    // A JVM that ends by a signal may say so.
                    assertTrue(process.exitValue() == 0 || process.exitValue() == SIGTERM_EXIT_CODE, log.toString());
                    return line;
                }
            }
        } finally {
            process.destroyForcibly();
        }
        throw new AssertionError("never ready:\n" + log);
    }

    @Test
    void theProfileAllowsWhatTheServerNeedsIoUringIncluded() throws IOException, InterruptedException {
        // Not the quickest of this moment, which the server chooses by itself.
        var ioUring = "-Dtaffrail.io.method=IoUring";
        try {
            var _ = start(server("free", ioUring));
        } catch (AssertionError refused) {
            if (!String.valueOf(refused.getMessage()).contains("io_uring_setup")) {
                throw refused;
            }
            skip("io_uring does not work here: " + refused.getMessage());
        }
        var ready = start(under(PROFILE, server("profile", ioUring)));
        assertTrue(ready.contains(", io io_uring "), ready);
    }

    /// What the usual default profiles of runtimes do.
    @Test
    void whereIoUringIsForbiddenTheServerTakesWorkersAndSaysWhy() throws IOException, InterruptedException {
        var json = new ObjectMapper();
        var profile = json.readTree(PROFILE.toFile());
        ((ArrayNode) profile.get("syscalls"))
                .addObject()
                .put("action", "SCMP_ACT_ERRNO")
                .put("errnoRet", 1)
                .putArray("names")
                .add("io_uring_setup")
                .add("io_uring_enter")
                .add("io_uring_register");
        var forbidding = folder.resolve("forbidding.json");
        json.writeValue(forbidding.toFile(), profile);
        var ready = start(under(forbidding, server("forbidden")));
        System.out.println(ready);
        assertFalse(ready.contains(", io io_uring "), ready);
        assertTrue(ready.contains(", io worker (") && ready.contains("io_uring"), ready);
    }

    @Test
    void theProfileRefusesWhatAdministersAMachine() throws IOException, InterruptedException {
        var refused = said(under(PROFILE, List.of("unshare", "--user", "true")));
        var mounted = said(under(PROFILE, List.of("mount", "-t", "tmpfs", "none", folder.toString())));
        assertTrue(refused.contains("not permitted"), refused);
        assertTrue(
                mounted.contains("permi") || mounted.contains("superuser") || mounted.contains("must be root"),
                mounted);
    }
}
