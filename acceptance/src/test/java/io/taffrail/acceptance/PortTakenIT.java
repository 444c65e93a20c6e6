package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A port that somebody else listens on ends the start, and who starts it is told which.
class PortTakenIT {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"--port", "--peer-port", "--http-port"})
    void endsTheStartAndIsNamed(String taken) throws Exception {
        try (var other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var port = Integer.toString(other.getLocalPort());
            var options =
                    new ArrayList<>(List.of("--data", folder.resolve("data").toString()));
            for (var option : List.of("--port", "--peer-port", "--http-port")) {
                options.addAll(List.of(option, option.equals(taken) ? port : "0"));
            }
            var process = new ProcessBuilder(Programs.service(List.of(), options.toArray(String[]::new)))
                    .redirectErrorStream(true)
                    .start();
            var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(process.waitFor(5, TimeUnit.MINUTES));
            assertEquals(70, process.exitValue(), said);
            assertEquals(1, said.lines().count(), said);
            assertTrue(said.contains("port " + port + " (" + taken + ") of 127.0.0.1 cannot be listened on"), said);
        }
    }
}
