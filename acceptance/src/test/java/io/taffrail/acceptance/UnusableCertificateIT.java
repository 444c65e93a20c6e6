package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A certificate that nobody could connect to is found before the service begins.
class UnusableCertificateIT {
    @TempDir
    Path folder = Path.of("");

    @Test
    void isRefusedInOneLine() throws Exception {
        var certificate = Files.writeString(folder.resolve("tls.crt"), "no certificate");
        assertRefused(certificate, "holds no certificate in PEM");
        Files.delete(certificate);
        assertRefused(certificate, "does not exist");
    }

    private void assertRefused(Path certificate, String reason) throws Exception {
        var key = Files.writeString(folder.resolve("tls.key"), "no key");
        var command = Programs.service(
                List.of("-Dtaffrail.tls.certificate=" + certificate, "-Dtaffrail.tls.key=" + key),
                "--data",
                folder.resolve("data").toString());
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(5, TimeUnit.MINUTES));
        assertEquals(78, process.exitValue(), said);
        assertEquals("taffrail: taffrail.tls: " + certificate + " " + reason, said.strip());
    }
}
