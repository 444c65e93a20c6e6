package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A client in another language, generated from the protocol files and nothing else.
class PythonIT {
    @TempDir
    Path folder;

    @Test
    void aPythonProgramAppendsAndReads() throws Exception {
        var python = python();
        Skip.unless(
                python != null,
                "no Python with grpcio and grpcio-tools; .ci/run puts one into target/python, or: pip install grpcio"
                        + " grpcio-tools");
        try (var service = new ServiceProcess(folder).start()) {
            var process = new ProcessBuilder(
                            String.valueOf(python),
                            Programs.CHECKOUT
                                    .resolve("acceptance/src/test/python/produce_and_consume.py")
                                    .toString(),
                            service.address(),
                            Programs.CHECKOUT.resolve("proto/src/main/proto").toString(),
                            folder.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("python.log").toFile())
                    .start();
            var ended = process.waitFor(600, TimeUnit.SECONDS);
            process.destroyForcibly();
            var output = Files.readString(folder.resolve("python.log"), StandardCharsets.UTF_8);
            System.out.print(output);
            assertTrue(ended, "does not end\n" + output);
            assertEquals(0, process.exitValue(), output);
            // What Python wrote, Java reads.
            var read = new CommandLine(service.address(), folder).run("read", "python", "--from", "998");
            assertEquals("record 998\nrecord 999\n", read);
        }
    }

    private static @Nullable String python() throws IOException, InterruptedException {
        for (var candidate : List.of(System.getProperty("taffrail.python", "python3"), "python3")) {
            try {
                var probe = new ProcessBuilder(candidate, "-c", "import grpc, grpc_tools")
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
                if (probe.waitFor(120, TimeUnit.SECONDS) && probe.exitValue() == 0) {
                    return candidate;
                }
            } catch (IOException noSuchProgram) {
                // The next one, then.
            }
        }
        return null;
    }
}
